"""Compute the impact, plan amends, and give them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from jwt_pizza.kernel.wire import Impact
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.amends.model import (
    AmendsStore,
    Failure,
    HurtOrder,
    Minute,
    Plan,
    PlanRequest,
    window,
)

_INCIDENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DINERS_AT_A_TIME: Final = 250


class AmendsDesk:
    def __init__(self, store: AmendsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def impact(self, caller: Caller, since: datetime, until: datetime) -> Impact:
        _operators_only(caller)
        return await self._store.impact(*window(since, until))

    async def hurt(self, caller: Caller, since: datetime, until: datetime) -> Sequence[HurtOrder]:
        """Every order that failed in the window, in the order in which they were placed."""
        _operators_only(caller)
        return await self._store.hurt(*window(since, until))

    async def minutes(self, caller: Caller, since: datetime, until: datetime) -> Sequence[Minute]:
        """Without minutes in which nobody ordered."""
        _operators_only(caller)
        return await self._store.minutes(*window(since, until))

    async def plan(self, caller: Caller, incident: str, request: PlanRequest) -> Plan:
        """May be repeated, also while it is being given: orders that come to light later join the list."""
        _operators_only(caller)
        if not _INCIDENT.fullmatch(incident):
            raise Invalid("an incident's id has 1 to 64 letters, digits, dots, dashes or underscores")
        window(request.since, request.until)
        if not request.explanation.strip():
            raise Invalid("explanation must say what happened")
        await self._store.plan(incident, request, at=self._clock.now(), by=caller.actor)
        return await self.get(caller, incident)

    async def get(self, caller: Caller, incident: str) -> Plan:
        _operators_only(caller)
        plan = await self._store.get(incident)
        if plan is None:
            raise NotFound("no amends were planned for this incident")
        return plan

    async def approve(self, caller: Caller, incident: str) -> Plan:
        """By an administrator: it is their money."""
        if not caller.user.is_admin:
            raise Forbidden("amends beyond the limit must be approved by an administrator")
        await self.get(caller, incident)
        await self._store.approve(incident, at=self._clock.now(), by=caller.actor)
        return await self.get(caller, incident)

    async def start(self, caller: Caller, incident: str) -> Plan:
        """Returns at once; the shop's processes give what was planned. Harmless when it was started before."""
        plan = await self.get(caller, incident)
        if plan.needs_approval and plan.approved_at is None:
            raise Conflict("these amends are beyond the limit: an administrator must approve them first")
        await self._store.start(incident, self._clock.now())
        return await self.get(caller, incident)

    async def failures(self, caller: Caller, incident: str) -> Sequence[Failure]:
        await self.get(caller, incident)
        return await self._store.failures(incident)

    async def retry(self, caller: Caller, incident: str) -> Plan:
        """What failed is tried again."""
        await self.get(caller, incident)
        await self._store.retry(incident, self._clock.now())
        return await self.get(caller, incident)

    async def give(self) -> int:
        """One round over all amends that were started: how many diners were given theirs."""
        total = 0
        for incident in await self._store.running():
            while given := await self._store.give(incident, self._clock.now(), take=_DINERS_AT_A_TIME):
                total += given
            await self._store.finish(incident, self._clock.now())
        return total


def _operators_only(caller: Caller) -> None:
    if not caller.user.operates:
        raise Forbidden
