"""Bake an order: the factory while it can be trusted, the in-house oven whenever it cannot."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel import wire
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Forbidden, Invalid, NotFound
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.ovens.model import (
    IN_HOUSE,
    Attempt,
    Attempts,
    AttemptTally,
    Baked,
    Breaker,
    Forced,
    Forcing,
    Oven,
    OvenView,
    Policy,
    RecordedAttempt,
    RemoteOven,
    ReportLink,
    RetryBudget,
    Sought,
    Tuning,
    Uncounted,
    flaw,
)

LONGEST_FORCE: Final = 86_400.0
"""Seconds for which the in-house oven can be told to bake."""


class Kitchen:
    """The ovens under a policy. `bake` never raises and keeps its deadline."""

    def __init__(
        self,
        policy: Policy,
        own: Oven,
        factory: RemoteOven,
        breaker: Breaker,
        tuning: Tuning,
        clock: Clock,
        dice: Callable[[], float],
        tally: AttemptTally = Uncounted(),  # noqa: B008 - has no state
    ) -> None:
        self.policy = policy
        self.breaker = breaker
        self.tuning = tuning
        self._own = own
        self._factory = factory
        self._budget = RetryBudget(tuning.retries)
        self._clock = clock
        self._dice = dice
        self._tally = tally
        self.forced_until: datetime | None = None
        """The in-house oven bakes until then, whatever the policy is."""

    def forced(self) -> datetime | None:
        """Until when, while it is."""
        return self.forced_until if self.forced_until is not None and self._clock.now() < self.forced_until else None

    async def sign(self, request: wire.BakeRequest) -> str:
        """Straight from the in-house oven, for policy in-house."""
        return await self._own.bake(request)

    async def bake(self, request: wire.BakeRequest) -> Baked:
        if self.forced() is not None:
            own = await self._stand_in(request)
            self._count(own, request, stands_in=True)
            return Baked(own.jwt, (own,))
        if self.policy == "factory-only":
            # As it was before the incident: one call, no breaker, nobody to stand in.
            only = await self._try_factory(request, self.tuning.deadline)
            return Baked(only.jwt, (only,))
        exercise = self._dice() < self.tuning.exercise
        attempts = () if exercise else await self._try_factory_repeatedly(request)
        if attempts and attempts[-1].jwt is not None:
            return Baked(attempts[-1].jwt, attempts)
        own = await self._stand_in(request)
        self._count(own, request, stands_in=not exercise)
        return Baked(own.jwt, (*attempts, own))

    async def _try_factory_repeatedly(self, request: wire.BakeRequest) -> tuple[Attempt, ...]:
        end = self._clock.monotonic() + self.tuning.deadline
        attempts: list[Attempt] = []
        self._budget.order()
        while len(attempts) < self.tuning.tries:
            if attempts:
                pause = self.tuning.pause * 2 ** (len(attempts) - 1) * self._dice()
                if not self._budget.retry() or self._clock.monotonic() + pause >= end:
                    break
                await self._clock.sleep(pause)
            now = self._clock.monotonic()
            left = min(end - now, self.tuning.attempt)
            if left <= 0 or not self.breaker.allows(now):
                break
            attempt = await self._try_factory(request, left)
            now = self._clock.monotonic()
            self.breaker.record(now, good=attempt.jwt is not None, seconds=attempt.ms / 1000)
            attempts.append(attempt)
            if attempt.jwt is not None:
                break
        return tuple(attempts)

    async def _try_factory(self, request: wire.BakeRequest, seconds: float) -> Attempt:
        attempt = await self._factory.bake(request, within=seconds)
        wrong = flaw(attempt.claims, request, self._clock.now()) if attempt.reason == "good" else None
        if wrong is not None:
            attempt = msgspec.structs.replace(attempt, reason="bad pizza", error=wrong, jwt=None)
        self._count(attempt, request, stands_in=False)
        return attempt

    def _count(self, attempt: Attempt, request: wire.BakeRequest, *, stands_in: bool) -> None:
        self._tally.attempt(
            attempt.oven,
            attempt.reason,
            seconds=attempt.ms / 1000,
            order_id=request.order.id,
            report=attempt.report_url is not None,
            stands_in=stands_in,
            error=attempt.error,
        )

    async def _stand_in(self, request: wire.BakeRequest) -> Attempt:
        started_at, started = self._clock.now(), self._clock.monotonic()
        try:
            jwt, error = await self._own.bake(request), None
        except Exception as failure:  # noqa: BLE001 - the order must be voided, whatever broke
            jwt, error = None, type(failure).__name__
        ms = (self._clock.monotonic() - started) * 1000
        return Attempt(
            oven=IN_HOUSE, started_at=started_at, ms=ms, reason="good" if jwt else "error", jwt=jwt, error=error
        )


class Inspection:
    """What engineers see of the ovens, and do about it."""

    def __init__(self, attempts: Attempts, link: ReportLink) -> None:
        self._attempts = attempts
        self._link = link

    async def recent(self, caller: Caller, sought: Sought) -> Sequence[RecordedAttempt]:
        _engineers_only(caller)
        return await self._attempts.recent(sought)

    async def get(self, caller: Caller, attempt_id: int) -> RecordedAttempt:
        _engineers_only(caller)
        attempt = await self._attempts.get(attempt_id)
        if attempt is None:
            raise NotFound(f"there is no attempt {attempt_id}")
        return attempt

    async def report(self, caller: Caller, attempt_id: int) -> tuple[int, str]:
        """Follows the report link of a failed attempt; status and message of what the factory answered."""
        _engineers_only(caller)
        attempt = await self._attempts.get(attempt_id)
        if attempt is None or attempt.report_url is None:
            raise NotFound("there is no report link on that attempt")
        return await self._link.follow(attempt.report_url)


class OvenSwitch:
    """Lets the in-house oven bake for a while. Every process follows at its next `refresh`."""

    def __init__(self, forcing: Forcing, kitchen: Kitchen, clock: Clock) -> None:
        self._forcing = forcing
        self._kitchen = kitchen
        self._clock = clock

    async def show(self, caller: Caller) -> OvenView:
        _engineers_only(caller)
        return self._view(await self.refresh())

    async def force(self, caller: Caller, seconds: float) -> OvenView:
        _engineers_only(caller)
        if not 0 < seconds <= LONGEST_FORCE:
            raise Invalid(f"seconds must be more than 0 and at most {LONGEST_FORCE:.0f}")
        now = self._clock.now()
        forced = await self._forcing.force(now + timedelta(seconds=seconds), by=caller.actor, at=now)
        self._kitchen.forced_until = forced.until
        return self._view(forced)

    async def end(self, caller: Caller) -> OvenView:
        """Harmless when it was not told to."""
        _engineers_only(caller)
        await self._forcing.end()
        self._kitchen.forced_until = None
        return self._view(None)

    async def refresh(self) -> Forced | None:
        forced = await self._forcing.current(self._clock.now())
        self._kitchen.forced_until = forced.until if forced else None
        return forced

    def _view(self, forced: Forced | None) -> OvenView:
        return OvenView(policy=self._kitchen.policy, forced=forced)


def _engineers_only(caller: Caller) -> None:
    if not any(grant.role in {"admin", "engineer"} for grant in caller.user.roles):
        raise Forbidden
