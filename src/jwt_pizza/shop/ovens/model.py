"""Where pizzas are baked, when to trust the remote oven, and what a good pizza is."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel import wire

Policy = Literal["in-house", "factory", "factory-only"]
Reason = Literal["good", "error", "timeout", "unreachable", "bad pizza"]
BreakerState = Literal["closed", "open", "half-open"]

IN_HOUSE: Final = "in-house"
FACTORY: Final = "factory"

_SKEW: Final = 60
"""Seconds by which the clocks of two machines may differ."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try of one oven. `status` is the HTTP status, if there was one; `error` what the oven said."""

    oven: str
    started_at: datetime
    ms: float
    reason: Reason
    jwt: str | None = None
    claims: wire.Pizza | None = None
    status: int | None = None
    error: str | None = None
    report_url: str | None = None


class Baked(msgspec.Struct, frozen=True):
    """What became of an order in the ovens. `jwt` is None when every one of them failed."""

    jwt: str | None
    attempts: tuple[Attempt, ...]

    @property
    def report_url(self) -> str | None:
        return next((attempt.report_url for attempt in reversed(self.attempts) if attempt.report_url), None)


class RemoteOven(Protocol):
    async def bake(self, request: wire.BakeRequest, *, within: float) -> Attempt:
        """Never raises and takes no longer than `within` seconds. A pizza's signature has been verified."""
        ...


class AttemptTally(Protocol):
    """The port to what is counted of attempts. `report`: with a report link; `stands_in`: the in-house oven, because
    the factory did not deliver."""

    def attempt(
        self, oven: str, reason: str, *, seconds: float, order_id: int, report: bool, stands_in: bool, error: str | None
    ) -> None: ...


class Uncounted:
    """A tally for where nobody counts."""

    def attempt(
        self, oven: str, reason: str, *, seconds: float, order_id: int, report: bool, stands_in: bool, error: str | None
    ) -> None: ...


class Oven(Protocol):
    """The oven in this process."""

    async def bake(self, request: wire.BakeRequest) -> str:
        """The pizza's JWT."""
        ...


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """Times are in seconds, shares between 0 and 1."""

    deadline: float = 1.5
    """From the hold to the pizza, over all attempts."""
    attempt: float = 0.6
    """One attempt at the factory."""
    tries: int = 2
    pause: float = 0.05
    """The longest pause before the first retry; it doubles, and the real one is random below it."""
    exercise: float = 0.02
    """The share of orders baked in-house while all is well: a stand-in that never runs fails when it is needed."""
    window: int = 20
    least: int = 5
    trip: float = 0.5
    """The breaker opens when, of the last `window` calls and at least `least`, this share failed or was slow."""
    slow: float = 0.4
    open_for: float = 5.0
    probes: int = 2
    """Good calls in a row, one at a time, that close it again."""
    retries: float = 0.2
    """The retry budget: so many retries an order on the average."""


def flaw(pizza: wire.Pizza | None, request: wire.BakeRequest, now: datetime) -> str | None:
    """What is wrong with a pizza whose signature is good: it must be this order, for this diner, and fresh."""
    if pizza is None:
        return "the signature does not verify"
    if pizza.order != request.order:
        return "it is another order"
    if pizza.diner != request.diner:
        return "it is another diner's"
    moment = now.timestamp()
    if pizza.iat < moment - _SKEW or pizza.exp <= moment:
        return "it is an old one"
    return None


class Breaker:
    """A circuit breaker. Pure: it is told the time (monotonic seconds) and what happened."""

    def __init__(self, tuning: Tuning, changed: Callable[[BreakerState], None] = lambda _: None) -> None:
        self._tuning = tuning
        self._changed = changed
        self._calls: deque[bool] = deque(maxlen=tuning.window)
        self._until = 0.0
        self._probe_until = 0.0
        self._good_probes = 0
        self.state: BreakerState = "closed"

    def allows(self, now: float) -> bool:
        """Whether the factory may be called. In half-open state this takes the one place that there is for a probe."""
        if self.state == "closed":
            return True
        if self.state == "open":
            if now < self._until:
                return False
            self._good_probes = 0
            self._become("half-open")
        # A probe that never came back gives up its place: half-open must not last forever.
        if now < self._probe_until:
            return False
        self._probe_until = now + self._tuning.attempt * 2
        return True

    def record(self, now: float, *, good: bool, seconds: float) -> None:
        """What a call came to; a good answer that was slow counts as a bad one."""
        good = good and seconds < self._tuning.slow
        if self.state == "open":
            # A call that began before it opened.
            return
        if self.state == "half-open":
            self._probe_until = 0.0
            self._good_probes += 1
            if not good:
                self._open(now)
            elif self._good_probes >= self._tuning.probes:
                self._calls.clear()
                self._become("closed")
            return
        self._calls.append(good)
        bad = self._calls.count(False)
        if len(self._calls) >= self._tuning.least and bad >= self._tuning.trip * len(self._calls):
            self._open(now)

    def _open(self, now: float) -> None:
        self._until = now + self._tuning.open_for
        self._calls.clear()
        self._become("open")

    def _become(self, state: BreakerState) -> None:
        if state != self.state:
            self.state = state
            self._changed(state)


class RetryBudget:
    """Retries are a share of the orders, so that they never multiply the load on a factory that suffers."""

    _MOST: Final = 10.0

    def __init__(self, share: float) -> None:
        self._share = share
        self._saved = self._MOST

    def order(self) -> None:
        self._saved = min(self._MOST, self._saved + self._share)

    def retry(self) -> bool:
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


class RecordedAttempt(wire.Wire, frozen=True):
    """For engineers: what an oven answered. `report_url` carries the shop's vendor key."""

    id: int
    order_id: int
    oven: str
    started_at: datetime
    ms: float
    reason: Reason
    status: int | None
    error: str | None
    report_url: str | None
    trace: str | None


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts: None is any. `before`: with a lower id."""

    take: int
    only_failed: bool = False
    reason: Reason | None = None
    oven: str | None = None
    order_id: int | None = None
    before: int | None = None


class Attempts(Protocol):
    """The port to recorded attempts."""

    async def recent(self, sought: Sought) -> Sequence[RecordedAttempt]:
        """The newest first."""
        ...

    async def get(self, attempt_id: int) -> RecordedAttempt | None: ...


class Forced(wire.Wire, frozen=True):
    """The in-house oven bakes everything until then, by somebody's order."""

    until: datetime
    forced_at: datetime
    forced_by: str


class OvenView(wire.Wire, frozen=True):
    policy: Policy
    forced: Forced | None


class Forcing(Protocol):
    """The port to what all processes are told."""

    async def force(self, until: datetime, *, by: str, at: datetime) -> Forced: ...
    async def current(self, at: datetime) -> Forced | None: ...
    async def end(self) -> None: ...


class ReportLink(Protocol):
    async def follow(self, url: str) -> tuple[int, str]:
        """Status and message of the factory's answer. Raises Refusal for a link to anywhere but the factory."""
        ...
