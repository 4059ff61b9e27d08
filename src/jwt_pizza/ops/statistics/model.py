"""How long it took, and whom it woke."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from statistics import fmean, median
from typing import Final, Protocol

import msgspec

from jwt_pizza.kernel.wire import Wire

NIGHT: Final = frozenset({22, 23, 0, 1, 2, 3, 4, 5, 6})
"""Hours that begin in it, in the time zone of whoever was woken."""


class Course(msgspec.Struct, frozen=True):
    """Of one group, the moments."""

    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None


class Woken(msgspec.Struct, frozen=True):
    """Messages that went to somebody in one hour of their day."""

    person_id: int
    name: str
    hour: int
    pages: int


class PersonPages(Wire, frozen=True):
    """`byHour`: of the 24 hours of their day, each its messages."""

    person_id: int
    name: str
    pages: int
    at_night: int
    by_hour: tuple[int, ...]


class Times(Wire, frozen=True):
    """Seconds; null where nothing was measured."""

    count: int
    mean: float | None
    median: float | None
    longest: float | None


class Statistics(Wire, frozen=True):
    since: datetime
    until: datetime
    groups: int
    to_acknowledge: Times
    to_resolve: Times
    people: tuple[PersonPages, ...]


class Records(Protocol):
    async def courses(self, since: datetime, until: datetime) -> Sequence[Course]: ...
    async def woken(self, since: datetime, until: datetime) -> Sequence[Woken]: ...


def statistics_of(courses: Sequence[Course], woken: Sequence[Woken], since: datetime, until: datetime) -> Statistics:
    names = {each.person_id: each.name for each in woken}
    hours: dict[int, list[int]] = {person_id: [0] * 24 for person_id in names}
    for each in woken:
        hours[each.person_id][each.hour] += each.pages
    people = [
        PersonPages(
            person_id=person_id,
            name=names[person_id],
            pages=sum(of),
            at_night=sum(of[hour] for hour in NIGHT),
            by_hour=tuple(of),
        )
        for person_id, of in hours.items()
    ]
    return Statistics(
        since=since,
        until=until,
        groups=len(courses),
        to_acknowledge=_times([_seconds(each.opened_at, each.acknowledged_at) for each in courses]),
        to_resolve=_times([_seconds(each.opened_at, each.resolved_at) for each in courses]),
        people=tuple(sorted(people, key=lambda each: (-each.pages, each.person_id))),
    )


def as_csv(statistics: Statistics) -> str:
    """One fact a row: `measure,person,hour,value`. Times are in seconds."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(("measure", "person", "hour", "value"))
    rows.writerow(("groups", "", "", statistics.groups))
    for name, times in (("acknowledge", statistics.to_acknowledge), ("resolve", statistics.to_resolve)):
        for measure in ("count", "mean", "median", "longest"):
            value = getattr(times, measure)
            rows.writerow((f"to_{name}_{measure}", "", "", "" if value is None else value))
    for person in statistics.people:
        for hour, pages in enumerate(person.by_hour):
            rows.writerow(("pages", _cell(person.name), hour, pages))
    return text.getvalue()


def _cell(text: str) -> str:
    """A spreadsheet takes what begins like a formula for one."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _seconds(since: datetime, until: datetime | None) -> float | None:
    return None if until is None else (until - since).total_seconds()


def _times(measured: Sequence[float | None]) -> Times:
    known = [seconds for seconds in measured if seconds is not None]
    if not known:
        return Times(count=0, mean=None, median=None, longest=None)
    return Times(
        count=len(known), mean=round(fmean(known), 3), median=round(median(known), 3), longest=round(max(known), 3)
    )
