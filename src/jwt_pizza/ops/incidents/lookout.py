"""How an incident goes: declared by what fires, moved along by its alert groups, measured by the shop's orders.

The harm stopped when no order has failed since something was done about it. Nobody has to say so.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import NotFound, Refusal
from jwt_pizza.ops.events.model import SYSTEM, Happening, Recorded
from jwt_pizza.ops.events.of_incidents import ActionRun, Deployed
from jwt_pizza.ops.incidents.model import Impact, Incident, Incidents, RuleSeen, Watching
from jwt_pizza.ops.incidents.remote import BY_ITSELF, Shop

MARGIN: Final = timedelta(seconds=1)
"""The window of an incident ends so long after the harm stopped: the clocks of two machines differ."""
_QUIET: Final = timedelta(seconds=60)
"""Without a failed order for so long, the harm has stopped."""
_BACK: Final = timedelta(minutes=5)
"""Failed orders that are closer together belong to one incident."""
_LOOKS_BACK: Final = 12
_LONGEST: Final = timedelta(days=7)
_OPEN: Final = timedelta(seconds=5)
_AMENDS: Final = timedelta(seconds=1)
_LATER: Final = timedelta(minutes=1)
_LATE_FACTS: Final = timedelta(days=1)
"""For so long after it was resolved, an incident is measured again."""
_CURES: Final = frozenset({"chaos.stopped", "stand-in.began", "report.followed"})
OTHER_ROUTES: Final = ("requests-failing", "pool-near-exhaustion", "database-down", "process-silent", "loop-lagging")
"""Rules that tell of more than orders."""
_TAKE: Final = 10

Report = Callable[[int, str], None]


class IncidentLookout:
    def __init__(
        self,
        incidents: Incidents,
        watching: Watching,
        shop: Shop,
        clock: Clock,
        *,
        severities: Sequence[str],
        act: Callable[[Incident, Sequence[RuleSeen]], Awaitable[None]],
        trouble: Report,
    ) -> None:
        """Groups of these `severities` declare an incident by themselves. `act` runs what runs by itself. `trouble` is
        told of an incident that could not be looked at, and why."""
        self._incidents = incidents
        self._watching = watching
        self._shop = shop
        self._clock = clock
        self._severities = severities
        self._act = act
        self._trouble = trouble

    async def step(self) -> None:
        now = self._clock.now()
        await self._watching.adopt(self._severities, now)
        for moved in await self._watching.moved():
            await self._move(moved.incident_id, moved.acknowledged_by, moved.acknowledged_at, "acknowledge")
            if moved.resolved_at is not None:
                await self.settle(moved.incident_id)
            await self._move(moved.incident_id, moved.resolved_by, moved.resolved_at, "resolve")
        for incident_id in await self._watching.claim(now, again=_LATER, take=_TAKE):
            try:
                await self.look(incident_id)
            except Refusal as refusal:
                self._trouble(incident_id, refusal.message)
            incident = await self._get(incident_id)
            await self._watching.look_again(incident_id, self._next(incident))

    async def measure(self, incident_id: int) -> Incident:
        """What it did to diners, now. Raises NotFound, Unavailable."""
        incident = await self._still_mitigated(await self._get(incident_id))
        since, until = await self._window(incident)
        impact = await self._shop.impact(BY_ITSELF, since, until)
        disturbed = await self._watching.disturbed(OTHER_ROUTES, since, until)
        impact = msgspec.structs.replace(impact, routes_disturbed=tuple(disturbed))
        return await self._watching.measure(incident_id, impact, at=self._clock.now())

    async def look(self, incident_id: int) -> Incident:
        incident = await self.measure(incident_id)
        rules = await self._watching.rules(incident_id)
        if incident.mitigated_at is None and incident.open:
            await self._act(incident, rules)
            incident = await self._mitigated(incident, rules, wait=_QUIET)
        if incident.amends is not None and not incident.amends.over and incident.amends.started_at is not None:
            plan = await self._shop.amends(BY_ITSELF, incident.key)
            incident = await self._watching.tell_amends(incident_id, plan, by=SYSTEM, at=self._clock.now())
        return incident

    async def settle(self, incident_id: int) -> None:
        """Before it is resolved: when did the harm stop? Without the shop's answer it is not known."""
        try:
            incident = await self.measure(incident_id)
            if incident.mitigated_at is None and incident.open:
                await self._mitigated(incident, await self._watching.rules(incident_id), wait=timedelta())
        except Refusal as refusal:
            self._trouble(incident_id, refusal.message)

    async def _move(self, incident_id: int, by: str | None, at: datetime | None, verb: str) -> None:
        if by is None or at is None:
            return
        if verb == "acknowledge":
            await self._incidents.advance(incident_id, "acknowledge", by=by, via="alerts", at=at)
        else:
            await self._incidents.advance(incident_id, "resolve", by=by, via="alerts", at=at)

    async def _still_mitigated(self, incident: Incident) -> Incident:
        """Whoever or whatever said that the harm stopped: when an order fails after that, it did not."""
        now = self._clock.now()
        if incident.mitigated_at is None or not incident.open or incident.mitigated_at + MARGIN >= now:
            return incident
        after = await self._shop.impact(BY_ITSELF, incident.mitigated_at + MARGIN, now)
        if after.first_failed_at is None:
            return incident
        return await self._incidents.advance(incident.id, "relapse", by=SYSTEM, via="alerts", at=after.first_failed_at)

    async def _window(self, incident: Incident) -> tuple[datetime, datetime]:
        """From the first failing order, which is looked for back in time, to when the harm stopped, or now."""
        now = self._clock.now()
        since = incident.started_at
        if incident.mitigated_at is None:
            for _ in range(_LOOKS_BACK):
                before = await self._shop.impact(BY_ITSELF, since - _BACK, since)
                if before.first_failed_at is None:
                    break
                since = before.first_failed_at
        until = incident.mitigated_at + MARGIN if incident.mitigated_at else now
        return max(since, until - _LONGEST), max(until, since + MARGIN)

    async def _mitigated(self, incident: Incident, rules: Sequence[RuleSeen], *, wait: timedelta) -> Incident:
        impact, now = incident.impact, self._clock.now()
        if impact is None:
            return incident
        cure = _cure(await self._incidents.timeline(incident.id), impact.last_failed_at or incident.started_at)
        stopped = _stopped(impact, rules, cure[0] if cure else None)
        if stopped is None or now - stopped < wait:
            return incident
        because = cure[1] if cure else "no order failed any more" if impact.orders_failed else "no alert fires any more"
        return await self._incidents.advance(
            incident.id, "mitigate", by=SYSTEM, via="alerts", at=stopped, because=because
        )

    async def _get(self, incident_id: int) -> Incident:
        incident = await self._incidents.get(incident_id)
        if incident is None:
            raise NotFound(f"there is no incident {incident_id}")
        return incident

    def _next(self, incident: Incident) -> datetime | None:
        now = self._clock.now()
        if incident.merged_into is not None:
            return None
        if incident.amends is not None and incident.amends.started_at is not None and not incident.amends.over:
            return now + _AMENDS
        if incident.open:
            return now + _OPEN
        late = incident.resolved_at is not None and now - incident.resolved_at > _LATE_FACTS
        return None if late else now + _LATER


def _stopped(impact: Impact, rules: Sequence[RuleSeen], cured_at: datetime | None) -> datetime | None:
    """When the harm stopped, if nothing comes after. Without a cure nothing says so while alerts fire."""
    if cured_at is not None:
        return cured_at
    if any(rule.firing for rule in rules) or not (rules or impact.orders_failed):
        return None
    return impact.last_failed_at or max(rule.last_at for rule in rules)


def _cure(timeline: Sequence[Recorded], since: datetime) -> tuple[datetime, str] | None:
    """The first thing that was done about it after the last harm, and how it is told."""
    for event in timeline:
        if event.at < since:
            continue
        match event.fact:
            case Happening(what=what) if what in _CURES:
                return event.at, _TOLD[what]
            case ActionRun(good=True, action=action):
                return event.at, f"the action {action} was run"
            case Deployed(what=what, version=version):
                return event.at, f"{what} {version} was deployed"
            case _:
                continue
    return None


_TOLD: Final = {
    "chaos.stopped": "the attack ended",
    "stand-in.began": "the in-house oven stands in",
    "report.followed": "the factory was told by its report link",
}
