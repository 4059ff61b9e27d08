"""Rotations: people who take turns. Pure; in the schedule's time zone.

Turns of days, weeks and months are handed off by the wall clock: at 09:00 before and after a change of clocks, so that
the turn over it has 23, 25 or 24.5 hours. Turns of hours count real hours, so that each has its full length. What a
wall-clock time means that is left out or comes twice: see `kernel.wallclock`.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wallclock import ALL_DAYS, Window, moment, openings, wall, window_of
from jwt_pizza.kernel.wire import Id, Wire

Unit = Literal["hour", "day", "week", "month"]
Span = tuple[datetime, datetime]

_Local = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")]
_Clock = Annotated[str, msgspec.Meta(pattern=r"^\d{2}:\d{2}$")]
_HOUR: Final = timedelta(hours=1)
_DAYS: Final = {"day": 1, "week": 7}
YEARS: Final = range(2000, 2101)


class Restriction(Wire, frozen=True, forbid_unknown_fields=True):
    """A part of the week. `weekdays`: on which it begins, 0 is Monday. `ends` may be on the day after."""

    starts: _Clock
    ends: _Clock
    weekdays: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=6)], ...], msgspec.Meta(max_length=7)] = ALL_DAYS


class Rotation(Wire, frozen=True, forbid_unknown_fields=True):
    """`people` take turns of `length` units in that order, from `starts` (wall clock) until `ends`, if any.

    With restrictions somebody is on call only within them; whose turn it is does not change by that.
    """

    unit: Unit
    starts: _Local
    people: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=100)]
    length: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    ends: _Local | None = None
    restrictions: Annotated[tuple[Restriction, ...], msgspec.Meta(max_length=50)] = ()
    name: str = "rotation"


class Shift(msgspec.Struct, frozen=True, order=True):
    """Somebody is on call from `starts` until `ends`, which are in UTC."""

    starts: datetime
    ends: datetime
    person_id: int


class Turns:
    """The turns of a rotation, counted from 0."""

    def __init__(self, rotation: Rotation, zone: ZoneInfo) -> None:
        self._rotation = rotation
        self._zone = zone
        self._local = datetime.fromisoformat(rotation.starts)
        self._first = moment(self._local, zone)
        self._last = moment(datetime.fromisoformat(rotation.ends), zone) if rotation.ends else None
        self._windows = [
            window_of(restriction.starts, restriction.ends, restriction.weekdays)
            for restriction in rotation.restrictions
        ]

    def at(self, at: datetime) -> int | None:
        """Whose turn it is has this number; None before the first one and after the end."""
        if at < self._first or (self._last is not None and at >= self._last):
            return None
        number = self._near(at)
        while self._begins(number) > at:
            number -= 1
        while self._begins(number + 1) <= at:
            number += 1
        return number

    def person(self, number: int) -> int:
        return self._rotation.people[number % len(self._rotation.people)]

    def span(self, number: int) -> Span:
        ends = self._begins(number + 1)
        return self._begins(number), ends if self._last is None else min(ends, self._last)

    def on_call(self, at: datetime) -> int | None:
        """Who is on call at that moment, if anybody."""
        number = self.at(at)
        if number is None:
            return None
        restricted = self._windows and not any(
            opens <= at < closes for window in self._windows for opens, closes in self._open(window, (at, at + _HOUR))
        )
        return None if restricted else self.person(number)

    def shifts(self, since: datetime, until: datetime) -> list[Shift]:
        """Those of every turn that touches the time from `since` to `until`: whole, in order, without an overlap."""
        turns = list(self._between(since, until))
        if not turns:
            return []
        if not self._windows:
            return [Shift(*self.span(number), self.person(number)) for number in turns]
        whole = self.span(turns[0])[0], self.span(turns[-1])[1]
        week = merged([opening for window in self._windows for opening in self._open(window, whole)])
        found, place = [], 0
        for number in turns:
            begins, ends = self.span(number)
            while place < len(week) and week[place][1] <= begins:
                place += 1
            for opens, closes in week[place:]:
                if opens >= ends:
                    break
                found.append(Shift(max(opens, begins), min(closes, ends), self.person(number)))
        return found

    def _between(self, since: datetime, until: datetime) -> Iterator[int]:
        number = self.at(max(since, self._first))
        while number is not None and self._begins(number) < until:
            yield number
            number += 1
            if self._last is not None and self._begins(number) >= self._last:
                return

    def _open(self, window: Window, span: Span) -> Iterator[Span]:
        return openings(window, self._zone, *span)

    def _begins(self, number: int) -> datetime:
        steps = number * self._rotation.length
        if self._rotation.unit == "hour":
            return self._first + steps * _HOUR
        if self._rotation.unit == "month":
            return moment(_months_later(self._local, steps), self._zone)
        return moment(self._local + timedelta(days=steps * _DAYS[self._rotation.unit]), self._zone)

    def _near(self, at: datetime) -> int:
        """The number of a turn at most a few away."""
        if self._rotation.unit == "hour":
            return (at - self._first) // (self._rotation.length * _HOUR)
        local = wall(at, self._zone)
        if self._rotation.unit == "month":
            months = (local.year - self._local.year) * 12 + local.month - self._local.month
            return max(0, months // self._rotation.length)
        days = (local.date() - self._local.date()).days
        return max(0, days // (_DAYS[self._rotation.unit] * self._rotation.length))


def checked(rotation: Rotation) -> Rotation:
    """The same; raises Invalid for times that are none."""
    starts = local_time(rotation.starts, "starts")
    if rotation.ends is not None and local_time(rotation.ends, "ends") <= starts:
        raise Invalid("a rotation must end after it starts")
    for restriction in rotation.restrictions:
        window_of(restriction.starts, restriction.ends, restriction.weekdays)
    return msgspec.structs.replace(rotation, name=text.line(rotation.name, "name", most=100))


def merged(spans: Sequence[Span]) -> list[Span]:
    """In order; those that overlap or touch are one."""
    found: list[Span] = []
    for starts, ends in sorted(spans):
        if found and starts <= found[-1][1]:
            found[-1] = found[-1][0], max(ends, found[-1][1])
        else:
            found.append((starts, ends))
    return found


def local_time(value: str, name: str) -> datetime:
    """Of a wall clock; raises Invalid."""
    try:
        local = datetime.fromisoformat(value)
    except ValueError:
        raise Invalid(f"{name} must be a date and time such as 2026-01-05T09:00") from None
    if local.year not in YEARS:
        raise Invalid(f"{name} must be between the years {YEARS[0]} and {YEARS[-1]}")
    return local


def _months_later(local: datetime, months: int) -> datetime:
    """On the same day of the month, or its last where it has no such day: the 31st is the 30th in June."""
    count = local.year * 12 + local.month - 1 + months
    year, month = count // 12, count % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return local.replace(year=year, month=month, day=min(local.day, last))
