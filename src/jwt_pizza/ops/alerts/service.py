"""Take alerts in, act on their groups, and see to what time changes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, NotFound, Unavailable
from jwt_pizza.ops.alerts.identity import Known, known
from jwt_pizza.ops.alerts.model import Alert, Alerts, Group, Groups, Incoming, Told, Via, Wanted
from jwt_pizza.ops.events.model import Events

LONGEST_SILENCE: Final = timedelta(days=7)
_NAMED: Final = 3


class Shelf(Protocol):
    async def take(self, alerts: Sequence[Known]) -> None:
        """Returns after the commit; raises Unavailable."""
        ...


class Reception:
    """The one `Intake`."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    async def take(self, alerts: tuple[Incoming, ...]) -> None:
        now = self._clock.now()
        good: list[Known] = []
        wrong: list[str] = []
        for number, alert in enumerate(alerts):
            try:
                good.append(known(alert, now))
            except Invalid as refusal:
                wrong.append(f"alerts[{number}]: {refusal.message}")
        if good:
            await self._shelf.take(good)
        if wrong:
            more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
            rest = f" (the other {len(good)} were taken)" if good else ""
            raise Invalid("; ".join(wrong[:_NAMED]) + more + rest)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A group with all that is known of it. `alerts` are at most a thousand, those that fire first."""

    group: Group
    alerts: Sequence[Alert]
    events: Sequence[Told]


class GroupDesk:
    """The verbs on groups, for console, API, links, replies and commands alike. `by` is an actor such as `person:3`.

    Raises NotFound, and Conflict for what is resolved already: who resolves wins over who acknowledges late. A verb
    that changes nothing is no error and leaves no event.
    """

    def __init__(self, groups: Groups, events: Events, clock: Clock) -> None:
        self._groups = groups
        self._events = events
        self._clock = clock

    async def find(self, wanted: Wanted) -> Sequence[Group]:
        return await self._groups.find(wanted)

    async def get(self, group_id: int) -> Group:
        group = await self._groups.get(group_id)
        if group is None:
            raise NotFound(f"there is no alert group {group_id}")
        return group

    async def story(self, group_id: int) -> Story:
        group = await self.get(group_id)
        events = await self._events.of_group(group_id)
        return Story(
            group=group,
            alerts=await self._groups.alerts_of(group_id),
            events=[Told(at=event.at, actor=event.actor, fact=event.fact) for event in events],
        )

    async def acknowledge(self, group_id: int, *, by: str, via: Via) -> Group:
        return await self._groups.acknowledge(group_id, by=by, via=via, at=self._clock.now())

    async def unacknowledge(self, group_id: int, *, by: str, via: Via) -> Group:
        return await self._groups.unacknowledge(group_id, by=by, via=via, at=self._clock.now())

    async def resolve(self, group_id: int, *, by: str, via: Via) -> Group:
        """Alerts of it that still fire do not open it again; one that fires anew does."""
        return await self._groups.resolve(group_id, by=by, via=via, at=self._clock.now())

    async def silence(self, group_id: int, until: datetime, *, by: str, via: Via) -> Group:
        now = self._clock.now()
        if not now < until <= now + LONGEST_SILENCE:
            raise Invalid(f"a group can be silenced until a moment within the next {LONGEST_SILENCE.days} days")
        return await self._groups.silence(group_id, until, by=by, via=via, at=now)

    async def silence_for(self, group_id: int, seconds: float, *, by: str, via: Via) -> Group:
        seconds = min(seconds, 2 * LONGEST_SILENCE.total_seconds())
        return await self.silence(group_id, self._clock.now() + timedelta(seconds=seconds), by=by, via=via)

    async def unsilence(self, group_id: int, *, by: str, via: Via) -> Group:
        return await self._groups.unsilence(group_id, by=by, via=via, at=self._clock.now())

    async def escalate(self, group_id: int, *, by: str, via: Via) -> Group:
        """Takes the next step of the chain now."""
        return await self._groups.escalate(group_id, by=by, via=via, at=self._clock.now())

    async def assign(self, group_id: int, person_id: int, *, by: str, via: Via) -> Group:
        """Pages that person in place of the chain, every five minutes until it is acknowledged."""
        return await self._groups.assign(group_id, person_id, by=by, via=via, at=self._clock.now())


class Upkeep:
    """What time alone changes; done again and again by every process, harmlessly.

    After a start, or after storage was away, nothing counts as stale for a while: whoever sends alerts must first have
    had the time to repeat what was missed.
    """

    def __init__(self, alerts: Alerts, clock: Clock, *, grace: float) -> None:
        """`grace` in seconds."""
        self._alerts = alerts
        self._clock = clock
        self._grace = timedelta(seconds=grace)
        self._listening_since: datetime | None = None

    async def step(self) -> None:
        now = self._clock.now()
        try:
            await self._alerts.look_again()
            await self._alerts.end_acknowledgements()
            if self._listening_since is None:
                self._listening_since = now
            if now >= self._listening_since + self._grace:
                await self._alerts.end_stale(now)
        except Unavailable:
            self._listening_since = None
            raise
