"""Schedules: who is on call now and next, and everything that changes it."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.kernel.wallclock import zone_of
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import People, Person
from jwt_pizza.ops.people.service import must_manage
from jwt_pizza.ops.schedules import calendar
from jwt_pizza.ops.schedules.days import Day, days
from jwt_pizza.ops.schedules.lineup import Override, Standing, final, gaps, next_change, on_call
from jwt_pizza.ops.schedules.model import Change, Draft, NewOverride, Schedule, ScheduleBook, Source
from jwt_pizza.ops.schedules.rotation import YEARS, Rotation, Shift, Span, checked

LONGEST: Final = timedelta(days=366)
"""Of a time that is asked for at once, and of an override."""
_TWO_WEEKS: Final = timedelta(days=14)
_MOST_LAYERS: Final = 20


class ScheduleDesk:
    """Satisfies the port `OnCall`."""

    def __init__(self, book: ScheduleBook, people: People, source: Source, clock: Clock) -> None:
        self._book = book
        self._people = people
        self._source = source
        self._clock = clock

    async def on_call(self, schedule_id: int, at: datetime) -> Sequence[int]:
        try:
            return on_call((await self._book.get(schedule_id, at)).lineup, at)
        except NotFound:
            # A chain may run that was copied before the schedule was removed.
            return ()

    async def all_on_call(self, at: datetime) -> Mapping[int, Sequence[int]]:
        return {schedule.id: on_call(schedule.lineup, at) for schedule in await self._book.all(at)}

    async def standings(self, at: datetime | None) -> Sequence[tuple[Schedule, Standing, Standing | None]]:
        """Of every schedule who is on call at that moment, now by default, and who next."""
        at = checked_moment(at, self._clock.now())
        return [
            (schedule, Standing(at, on_call(schedule.lineup, at)), next_change(schedule.lineup, at))
            for schedule in await self._book.all(at)
        ]

    async def calendars(self, length: int) -> Sequence[tuple[Schedule, Standing, Standing | None, Sequence[Day]]]:
        """Every schedule with who is on call now, who next, and the coming days, today first."""
        now = self._clock.now()
        return [
            (
                schedule,
                Standing(now, on_call(schedule.lineup, now)),
                next_change(schedule.lineup, now),
                days(schedule.lineup, now, length),
            )
            for schedule in await self._book.all(now)
        ]

    async def get(self, schedule_id: int) -> Schedule:
        """With overrides that are not over."""
        return await self._book.get(schedule_id, self._clock.now())

    async def all(self) -> Sequence[Schedule]:
        return await self._book.all(self._clock.now())

    async def shifts(
        self, schedule_id: int, since: datetime | None, until: datetime | None
    ) -> tuple[Schedule, Sequence[Shift], Sequence[Span]]:
        """And gaps; of the next two weeks by default."""
        since = checked_moment(since, self._clock.now())
        until = checked_moment(until, since + _TWO_WEEKS)
        _check_span(since, until)
        schedule = await self._book.get(schedule_id, since)
        return schedule, final(schedule.lineup, since, until), gaps(schedule.lineup, since, until)

    async def history(self, schedule_id: int, since: datetime | None, until: datetime | None) -> Sequence[Standing]:
        """As it was when it was, whatever was changed later; of the last two weeks by default."""
        until = checked_moment(until, self._clock.now())
        since = checked_moment(since, until - _TWO_WEEKS)
        _check_span(since, until)
        await self._book.get(schedule_id, since)
        return await self._book.history(schedule_id, since, min(until, self._clock.now()))

    async def add(
        self,
        caller: Person,
        *,
        team_id: int,
        name: str,
        time_zone: str,
        layers: Sequence[Rotation],
        calendar_url: str | None,
    ) -> Schedule:
        must_manage(caller)
        draft = Draft(
            team_id=team_id,
            name=text.line(name, "name", most=100),
            time_zone=zone_of(time_zone).key,
            layers=_layers(layers),
            calendar_url=self._source.check(calendar_url) if calendar_url else None,
        )
        return await self.get(await self._book.add(draft, by=actor_of(caller.id), at=self._clock.now()))

    async def change(
        self,
        caller: Person,
        schedule_id: int,
        *,
        team_id: int | None = None,
        name: str | None = None,
        time_zone: str | None = None,
        layers: Sequence[Rotation] | None = None,
        calendar_url: str | None = None,
    ) -> Schedule:
        """An empty `calendar_url`: it is kept here from now on."""
        must_manage(caller)
        change = Change(
            team_id=team_id,
            name=None if name is None else text.line(name, "name", most=100),
            time_zone=None if time_zone is None else zone_of(time_zone).key,
            layers=None if layers is None else _layers(layers),
            calendar_url=self._source.check(calendar_url) if calendar_url else calendar_url,
        )
        await self._book.change(schedule_id, change, by=actor_of(caller.id), at=self._clock.now())
        return await self.get(schedule_id)

    async def remove(self, caller: Person, schedule_id: int) -> None:
        must_manage(caller)
        naming = await self._book.remove(schedule_id, by=actor_of(caller.id), at=self._clock.now())
        if naming:
            chains = ", ".join(what.name for what in naming[:10])
            raise Conflict(f"the schedule is still named by the chains {chains}: take it out there first")

    async def override(self, caller: Person, schedule_id: int, override: NewOverride) -> Override:
        """Everybody may: who swaps a night at the weekend need not find a manager."""
        now = self._clock.now()
        _check_override(override, now)
        return await self._book.override(schedule_id, override, person=caller.id, at=now)

    async def remove_override(self, caller: Person, override_id: int) -> None:
        await self._book.remove_override(override_id, by=actor_of(caller.id), at=self._clock.now())

    async def new_feed_token(self, caller: Person, schedule_id: int) -> str:
        must_manage(caller)
        token = secrets.token_urlsafe(24)
        await self._book.new_feed_token(schedule_id, token, by=actor_of(caller.id), at=self._clock.now())
        return token

    async def feed(self, schedule_id: int, token: str) -> bytes:
        """The schedule as iCal. Raises NotFound for a wrong token and an unknown schedule alike."""
        now = self._clock.now()
        try:
            schedule = await self._book.get(schedule_id, now - calendar.BEFORE)
        except NotFound:
            schedule = None
        if schedule is None or not _same(schedule.feed_token, token):
            raise NotFound("there is no such calendar")
        names = await self._names()
        title = f"On call: {schedule.name}"
        return calendar.feed(title, self._ahead(schedule, now), names, now)

    async def feed_of_person(self, person_id: int, token: str) -> bytes:
        """All shifts of somebody as iCal."""
        now = self._clock.now()
        known = await self._book.feed_of(person_id)
        if known is None or not _same(known, token):
            raise NotFound("there is no such calendar")
        names = await self._names()
        shifts = [
            found
            for schedule in await self._book.all(now - calendar.BEFORE)
            for found in self._ahead(schedule, now)
            if found[2].person_id == person_id
        ]
        return calendar.feed(f"On call: {names.get(person_id, '')}", shifts, names, now)

    def _ahead(self, schedule: Schedule, now: datetime) -> list[tuple[int, str, Shift]]:
        shifts = final(schedule.lineup, now - calendar.BEFORE, now + calendar.AHEAD)
        return [(schedule.id, schedule.name, shift) for shift in shifts]

    async def _names(self) -> dict[int, str]:
        return {person_id: found.person.name for person_id, found in (await self._people.roster()).people.items()}


def checked_moment(moment: datetime | None, otherwise: datetime) -> datetime:
    """Raises Invalid for one that no arithmetic stands."""
    moment = otherwise if moment is None else moment
    if moment.tzinfo is None:
        raise Invalid("times must say their zone, as in 2026-06-05T05:14:40Z")
    if moment.year not in YEARS:
        raise Invalid(f"times must be between the years {YEARS[0]} and {YEARS[-1]}")
    return moment


def _check_span(since: datetime, until: datetime) -> None:
    """Raises Invalid."""
    for moment in (since, until):
        checked_moment(moment, moment)
    if not since < until:
        raise Invalid("the end must be after the beginning")
    if until - since > LONGEST:
        raise Invalid(f"at most {LONGEST.days} days at once")


def _layers(layers: Sequence[Rotation]) -> tuple[Rotation, ...]:
    if len(layers) > _MOST_LAYERS:
        raise Invalid(f"a schedule has at most {_MOST_LAYERS} layers")
    return tuple(map(checked, layers))


def _check_override(override: NewOverride, now: datetime) -> None:
    _check_span(override.starts, override.ends)
    if override.ends <= now:
        raise Invalid("this is over already, and history is not changed: choose an end that is still to come")
    if override.kind == "add" and (override.person_id is None or override.replaces_id is not None):
        raise Invalid("to add somebody, give personId and no replacesId")
    if override.kind == "remove" and (override.person_id is not None or override.replaces_id is None):
        raise Invalid("to take somebody out, give replacesId and no personId")
    if override.kind == "replace" and (override.person_id is None or override.person_id == override.replaces_id):
        raise Invalid("to replace somebody, give personId; without replacesId it is whoever is on call")


def _same(known: str, token: str) -> bool:
    return hmac.compare_digest(known.encode(), token.encode("utf-8", "replace"))
