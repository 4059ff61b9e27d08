"""The remote factory: failing, lying, slow, or not trusted any more."""

from collections.abc import Iterator
from typing import Final

from jwt_pizza.ops.telemetry.fleet import View
from jwt_pizza.ops.telemetry.model import Action, Finding, Rule

_WINDOW: Final = 30.0
_LEAST: Final = 3
_SHARE: Final = 0.5
_SLOW_LEAST: Final = 5
_SLOW_SHARE: Final = 0.2
_SLOW_FROM: Final = 10
"""The bucket after that of half a second (`kit/durations.py`)."""
_FAILURES: Final = ("error", "timeout", "unreachable")


def attacked(view: View) -> Iterator[Finding]:
    """Also a single one: the factory itself says that something is wrong with it, and where to report that."""
    if struck := view.count(lambda counts: counts.reported, _WINDOW):
        yield Finding(
            severity="warning",
            summary=f"{struck} {'answer' if struck == 1 else 'answers'} of the factory in the last {_WINDOW:.0f} s "
            f"{'leads' if struck == 1 else 'lead'} to a report of a problem",
            service="factory",
        )


def lying(view: View) -> Iterator[Finding]:
    """A pizza whose signature or claims are wrong: an order of somebody else, an old one, a forgery."""
    bakes = view.by(lambda counts: counts.bakes, _WINDOW)
    if bad := bakes.get("bad pizza", 0):
        yield Finding(
            severity="warning",
            summary=f"{bad} of {sum(bakes.values())} pizzas from the factory were bad in the last {_WINDOW:.0f} s",
            service="factory",
        )


def failing(view: View) -> Iterator[Finding]:
    bakes = view.by(lambda counts: counts.bakes, _WINDOW)
    failed = {reason: count for reason, count in bakes.items() if reason in _FAILURES}
    total = sum(bakes.values())
    if total >= _LEAST and sum(failed.values()) >= _SHARE * total:
        reasons = ", ".join(f"{count} {reason}" for reason, count in failed.items())
        yield Finding(
            severity="warning",
            summary=f"{sum(failed.values())} of {total} calls of the factory failed in the last {_WINDOW:.0f} s "
            f"({reasons})",
            service="factory",
        )


def slow(view: View) -> Iterator[Finding]:
    buckets = view.buckets(lambda counts: counts.factory_seconds, _WINDOW)
    total, late = sum(buckets), sum(buckets[_SLOW_FROM:])
    if late >= _SLOW_LEAST and late >= _SLOW_SHARE * total:
        yield Finding(
            severity="warning",
            summary=f"{late} of {total} calls of the factory took more than 0.5 s in the last {_WINDOW:.0f} s",
            service="factory",
        )


def breaker_open(view: View) -> Iterator[Finding]:
    shops = [process for process in view.live if process.last.vitals.ovens is not None]
    shut = [process for process in shops if process.last.vitals.ovens and process.last.vitals.ovens.breaker != "closed"]
    if shut:
        yield Finding(
            severity="warning",
            summary=f"{len(shut)} of {len(shops)} shop processes do not trust the factory: the in-house oven bakes",
            service="factory",
        )


_FACTORY: Final[tuple[Action, ...]] = ("report-factory", "in-house-oven", "stop-chaos")
RULES: Final = (
    Rule(name="factory-attacked", look=attacked, chart="factory", keep=45.0, actions=_FACTORY),
    Rule(name="factory-lying", look=lying, chart="factory", keep=30.0, actions=_FACTORY),
    Rule(name="factory-failing", look=failing, chart="factory", keep=30.0, actions=_FACTORY),
    Rule(name="factory-slow", look=slow, chart="factory", after=2.0, keep=30.0, actions=_FACTORY),
    Rule(name="breaker-open", look=breaker_open, chart="factory", keep=15.0, actions=_FACTORY),
)
