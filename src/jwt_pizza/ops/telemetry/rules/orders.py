"""Orders that fail, are charged and not delivered, or stay away."""

from collections.abc import Iterator
from typing import Final

from jwt_pizza.ops.alerts.model import Severity
from jwt_pizza.ops.telemetry.fleet import HISTORY, View, charged, failures, orders
from jwt_pizza.ops.telemetry.model import Action, Finding, Rule

_NOW: Final = 5.0
"""Seconds: the shortest window that figures are of."""
_CALM: Final = 60.0
"""Seconds without a failed order, and with a delivered one, after which it is over."""
_UNKNOWN: Final = 600.0
"""Seconds after which it counts as over although nobody ordered any more."""
_CRITICAL_SHARE: Final = 0.05

_OBJECTIVE: Final = 0.999
_BURNS: Final[tuple[tuple[float, float, float, Severity], ...]] = (
    # (factor, long window, short window, severity): as the SRE workbook's, but minutes instead of hours.
    (14.4, 60.0, 5.0, "critical"),
    (6.0, 300.0, 30.0, "warning"),
)
_BURN_LEAST: Final = 3
"""Failed orders: a single one is the other rule's."""

_EXPECTED: Final = 10.0
"""Orders that a window without any should have had: by chance that happens once in 22,000 windows."""
_HISTORY_LEAST: Final = 30
_LONGEST_WINDOW: Final = 30


def failed_orders(view: View) -> Iterator[Finding]:
    """Also a single one: the first user of an incident is alone."""
    ago = view.now - view.fleet.failed_at
    recovered = view.fleet.delivered_at > view.fleet.failed_at
    if ago > (_CALM if recovered else _UNKNOWN):
        return
    window = next((seconds for seconds in (_NOW, _CALM, _UNKNOWN) if view.count(failures, seconds)), _UNKNOWN)
    failed, total = view.count(failures, window), view.count(orders, window)
    grave = view.count(failures, _CALM) >= _CRITICAL_SHARE * view.count(orders, _CALM)
    reasons = ", ".join(f"{count} {reason}" for reason, count in view.by(lambda counts: counts.failed, window).items())
    yield Finding(
        severity="critical" if grave else "warning",
        summary=f"{failed} of {total} orders failed in the last {window:.0f} s" + (f" ({reasons})" if reasons else ""),
        service="shop",
    )


def burn_rate(view: View) -> Iterator[Finding]:
    """The error budget burns fast, and nobody has seen it stop: without any order in the short window it goes on."""
    budget = 1 - _OBJECTIVE
    for factor, long, short, severity in _BURNS:
        failed, total = view.count(failures, long), view.count(orders, long)
        lately, placed = view.count(failures, short), view.count(orders, short)
        if failed >= _BURN_LEAST and failed >= factor * budget * total and lately >= factor * budget * placed:
            yield Finding(
                severity=severity,
                summary=f"{failed} of {total} orders failed in the last {long:.0f} s: the error budget of {budget:.1%} "
                f"burns {failed / total / budget:.0f} times too fast",
                service="shop",
            )
            return


def charged_not_delivered(view: View) -> Iterator[Finding]:
    """Diners have paid for nothing: they are to be made whole, also when it is over."""
    if view.now - view.fleet.charged_at > _UNKNOWN:
        return
    total = sum(charged(process.counts) for process in view.fleet.processes.values())
    fresh = view.count(charged, _CALM)
    yield Finding(
        severity="critical",
        summary=f"{fresh} {'order' if fresh == 1 else 'orders'} charged and not delivered in the last {_CALM:.0f} s, "
        f"{total} in all",
        service="shop",
    )


def no_orders(view: View) -> Iterator[Finding]:
    """Nobody orders where, by the last hours' rate, at least ten should have. Never before half an hour is known."""
    began = view.fleet.began_at
    if began is None:
        return
    known = min(HISTORY, int((view.now - began) // 60))
    if known < _HISTORY_LEAST:
        return
    past = view.fleet.minutes(view.now, known)
    quiet = next((number for number, count in enumerate(reversed(past)) if count), len(past))
    if not 1 <= quiet <= _LONGEST_WINDOW or view.count(orders, view.now % 60):
        return
    before = past[: len(past) - quiet]
    rate = sum(before) / len(before) if before else 0.0
    if rate * quiet >= _EXPECTED:
        yield Finding(
            severity="critical",
            summary=f"no order for {quiet} min, where {rate * quiet:.0f} were to be expected ({rate:.1f} a minute over "
            f"the last {known} min)",
            service="shop",
        )


_FACTORY: Final[tuple[Action, ...]] = ("report-factory", "in-house-oven", "stop-chaos")
RULES: Final = (
    Rule(name="failed-orders", look=failed_orders, chart="service", keep=120.0, actions=_FACTORY),
    Rule(name="burn-rate", look=burn_rate, chart="service", keep=30.0, actions=_FACTORY),
    Rule(name="charged-not-delivered", look=charged_not_delivered, chart="money", keep=30.0, actions=_FACTORY),
    Rule(name="no-orders", look=no_orders, chart="service", keep=0.0),
)
