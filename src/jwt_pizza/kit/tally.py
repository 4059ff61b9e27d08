"""Everything that a process counts where orders are hot: plain integers, which go into the metrics twice a second and
into each snapshot as they are."""

from collections.abc import Callable, Iterable, MutableMapping
from typing import Final, TypeVar

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.vitals import Counts
from jwt_pizza.kit import metrics
from jwt_pizza.kit.durations import Buckets
from jwt_pizza.kit.happenings import Happenings

Key = TypeVar("Key")
Value = TypeVar("Value")

QUIET: Final = 60.0
"""Seconds without a failed order after which the next one is news."""
_REMOTE: Final = "factory"
_DELIVERED: Final = "fulfilled"


def _nothing() -> None:
    """Nobody wants to know."""


class Tally:
    def __init__(self, service: str, clock: Clock, happenings: Happenings) -> None:
        self.service = service
        self.happenings = happenings
        self.on_failure: Callable[[], None] = _nothing
        """Called with each failed order, so that it is told without delay."""
        self._clock = clock
        self._orders: dict[tuple[str, str], int] = {}
        self._failed: dict[str, int] = {}
        self._bakes: dict[tuple[str, str], int] = {}
        self._logins: dict[str, int] = {}
        self._order_seconds: dict[str, Buckets] = {}
        self._bake_seconds: dict[tuple[str, str], Buckets] = {}
        self._pizzas = self._revenue = self._reported = 0
        self._classes = [0] * 10
        self._flushed: dict[object, float] = {}
        self._failed_at = float("-inf")
        self._standing_in = False

    def request(self, status: int) -> None:
        self._classes[status // 100 % 10] += 1

    def order(self, outcome: str, oven: str, *, pizzas: int, satoshis: int, seconds: float) -> None:
        """An order was delivered."""
        _add(self._orders, (outcome, oven), 1)
        self._pizzas += pizzas
        self._revenue += satoshis
        _kept(self._order_seconds, outcome).add(seconds)

    def failed(
        self, outcome: str, oven: str, reason: str, *, seconds: float, order_id: int | None = None, answer: str = ""
    ) -> None:
        """An order was not delivered, and its diner did nothing wrong. `answer`: what it was answered, without keys."""
        _add(self._orders, (outcome, oven), 1)
        _add(self._failed, reason, 1)
        _kept(self._order_seconds, outcome).add(seconds)
        now = self._clock.monotonic()
        if now - self._failed_at > QUIET:
            about = {"answer": answer} if answer else {}
            self.happenings.note(
                "orders.failing", outcome=outcome, oven=oven, reason=reason, order=order_id or "", **about
            )
        self._failed_at = now
        self.on_failure()

    def expired(self, orders: int) -> None:
        """Holds of processes that died were given back."""
        if orders:
            _add(self._orders, ("expired", ""), orders)

    def attempt(
        self, oven: str, reason: str, *, seconds: float, order_id: int, report: bool, stands_in: bool, error: str | None
    ) -> None:
        """An oven was tried. `report`: with a report link, which the factory adds under attack; `stands_in`: the
        in-house oven, because the factory did not deliver."""
        _add(self._bakes, (oven, reason), 1)
        _kept(self._bake_seconds, (oven, reason)).add(seconds)
        if report and oven == _REMOTE:
            self._reported += 1
            self.happenings.note("chaos.struck", order=order_id, reason=reason, error=error or "")
        if stands_in and not self._standing_in:
            self._standing_in = True
            self.happenings.note("stand-in.began", order=order_id)
        elif self._standing_in and oven == _REMOTE and reason == "good":
            self._standing_in = False
            self.happenings.note("stand-in.ended", order=order_id)

    def login(self, result: str) -> None:
        _add(self._logins, result, 1)

    def counts(self) -> Counts:
        outcomes: dict[str, int] = {}
        for (outcome, _), count in self._orders.items():
            _add(outcomes, outcome, count)
        return Counts(
            orders=outcomes,
            failed=dict(self._failed),
            order_seconds=_together(self._order_seconds.values()),
            pizzas=self._pizzas,
            revenue=self._revenue,
            requests={f"{number}xx": count for number, count in enumerate(self._classes) if count},
            logins=dict(self._logins),
            bakes={reason: count for (oven, reason), count in self._bakes.items() if oven == _REMOTE},
            factory_seconds=_together(kept for (oven, _), kept in self._bake_seconds.items() if oven == _REMOTE),
            reported=self._reported,
        )

    def flush(self) -> None:
        """Into the metrics. Label values are few: outcomes, ovens and reasons are ours."""
        for (outcome, oven), count in self._orders.items():
            metrics.ORDERS.labels(outcome, oven).inc(self._fresh(("orders", outcome, oven), count))
        for reason, count in self._failed.items():
            metrics.FAILED_ORDERS.labels(reason).inc(self._fresh(("failed", reason), count))
        for (oven, reason), count in self._bakes.items():
            metrics.ATTEMPTS.labels(oven, reason).inc(self._fresh(("bakes", oven, reason), count))
        for result, count in self._logins.items():
            metrics.LOGINS.labels(self.service, result).inc(self._fresh(("logins", result), count))
        for outcome, buckets in self._order_seconds.items():
            metrics.ORDER_TIME.labels(outcome).tally(*buckets.take())
        for (oven, reason), buckets in self._bake_seconds.items():
            metrics.ATTEMPT_TIME.labels(oven, reason).tally(*buckets.take())
        metrics.PIZZAS.inc(self._fresh("pizzas", self._pizzas))
        metrics.REVENUE.inc(self._fresh("revenue", self._revenue))
        metrics.DROPPED.labels(self.service).inc(self._fresh("dropped", self.happenings.dropped))

    def _fresh(self, key: object, count: float) -> float:
        """What was added since the last time."""
        before = self._flushed.get(key, 0)
        self._flushed[key] = count
        return count - before


def _add(counts: MutableMapping[Key, int], key: Key, count: int) -> None:
    counts[key] = counts.get(key, 0) + count


def _kept(buckets: MutableMapping[Key, Buckets], key: Key) -> Buckets:
    found = buckets.get(key)
    if found is None:
        found = buckets[key] = Buckets()
    return found


def _together(buckets: Iterable[Buckets]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*(each.counts for each in buckets), strict=True)))
