"""Hear beats, and raise the alarm where none comes."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import NotFound, Unavailable
from jwt_pizza.ops.alerts.model import Intake
from jwt_pizza.ops.heartbeats.model import Heartbeat, HeartbeatPlan, Heartbeats

GRACE: Final = 90.0
"""Less than alerts have (alerts/service.py, Upkeep): what is still missing is told again before it would be stale."""


class HeartbeatDesk:
    def __init__(self, heartbeats: Heartbeats, intake: Intake, clock: Clock, *, grace: float = GRACE) -> None:
        """`grace` in seconds: for so long after a start, or after storage was away, nothing counts as missing, because
        nobody could be heard."""
        self._heartbeats = heartbeats
        self._intake = intake
        self._clock = clock
        self._grace = timedelta(seconds=grace)
        self._listening_since: datetime | None = None

    async def all(self) -> Sequence[Heartbeat]:
        return await self._heartbeats.all()

    async def add(self, plan: HeartbeatPlan, *, by: str) -> Heartbeat:
        return await self._heartbeats.add(_checked(plan), secrets.token_urlsafe(18), by=by, at=self._clock.now())

    async def change(self, heartbeat_id: int, plan: HeartbeatPlan, *, by: str) -> Heartbeat:
        """Its token stays. An alert under the former name or severity is over."""
        before = await self._heartbeats.get(heartbeat_id)
        changed = await self._heartbeats.change(heartbeat_id, _checked(plan), by=by, at=self._clock.now())
        if before is not None and (before.name, before.severity) != (changed.name, changed.severity):
            await self._over(before)
        return changed

    async def remove(self, heartbeat_id: int, *, by: str) -> None:
        await self._over(await self._heartbeats.remove(heartbeat_id, by=by, at=self._clock.now()))

    async def beat(self, token: str) -> Heartbeat:
        """Raises NotFound. If nobody tells that it is back, because this process dies now, its alert goes stale."""
        found = await self._heartbeats.beat(token, self._clock.now())
        if found is None:
            raise NotFound("no heartbeat has this token")
        heartbeat, was_missing = found
        if was_missing:
            await self._over(heartbeat)
        return heartbeat

    async def step(self) -> None:
        """Those that are missing fire; told again while they are, which costs nothing."""
        now = self._clock.now()
        try:
            missing = await self._heartbeats.missing(now)
        except Unavailable:
            self._listening_since = None
            raise
        if self._listening_since is None:
            self._listening_since = now
        if missing and now >= self._listening_since + self._grace:
            await self._heartbeats.note(missing, now)
            await self._intake.take(tuple(heartbeat.alert(now) for heartbeat in missing))

    async def _over(self, heartbeat: Heartbeat) -> None:
        now = self._clock.now()
        await self._intake.take((msgspec.structs.replace(heartbeat.alert(now), ends_at=now),))


def _checked(plan: HeartbeatPlan) -> HeartbeatPlan:
    return msgspec.structs.replace(plan, name=text.line(plan.name, "name", most=100))
