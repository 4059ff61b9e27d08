"""Times of a wall clock in a zone, and the windows of a week, over the days on which clocks change.

One rule decides every odd case: a wall-clock time means the first moment at which the clock shows it or a later one.
A time that is left out when clocks go forward is therefore the moment of the change, and one that comes twice when they
go back is its first coming. Times keep their order that way, and what follows on each other in a week (a window from 8
to 20 and one from 20 to 8, a shift and the next) does so on those days as well: no gap, no overlap, nothing twice.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from jwt_pizza.kernel.errors import Invalid

ALL_DAYS: Final = (0, 1, 2, 3, 4, 5, 6)
"""0 is Monday."""
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


class Window(msgspec.Struct, frozen=True):
    """Opens at `starts` on each of `weekdays`, and closes at the next `ends`, which may be on the day after. The same
    time twice: a whole day."""

    starts: time
    ends: time
    weekdays: tuple[int, ...] = ALL_DAYS

    def closes_on(self, opened: date) -> date:
        return opened if self.starts < self.ends else opened + _DAY


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """`Europe/Berlin`; raises Invalid. Names come from clients: what is no zone must not become a path."""
    if len(name) > 64 or not name.isascii() or name.startswith(("/", ".")) or ".." in name or "\0" in name:
        raise Invalid("the time zone must be a name such as Europe/Berlin or UTC")
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise Invalid("the time zone must be a name such as Europe/Berlin or UTC") from None


def window_of(starts: str, ends: str, weekdays: Sequence[int] = ALL_DAYS) -> Window:
    """Of `08:00` and `20:00`; raises Invalid."""
    days = tuple(sorted(set(weekdays)))
    if not days or not set(days) <= set(ALL_DAYS):
        raise Invalid("weekdays must be numbers from 0, Monday, to 6, Sunday")
    return Window(time_of(starts), time_of(ends), days)


def time_of(text: str) -> time:
    """Of `08:00`; raises Invalid."""
    hours, colon, minutes = text.partition(":")
    if colon and len(hours) == len(minutes) == 2 and (hours + minutes).isdecimal() and text.isascii():
        hour, minute = int(hours), int(minutes)
        if hour < 24 and minute < 60:
            return time(hour, minute)
    raise Invalid("a time of day must look like 08:00")


def moment(local: datetime, zone: ZoneInfo) -> datetime:
    """When the wall clock first shows `local` (without a zone) or later, in UTC."""
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall(first, zone) == local:
        return first
    # Left out: the clock jumps somewhere between these two, and changes happen on whole seconds.
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC).replace(microsecond=0)
    steps = -((before - first) // _SECOND)
    low, high = 0, steps
    while low < high:
        middle = (low + high) // 2
        if wall(before + middle * _SECOND, zone) >= local:
            high = middle
        else:
            low = middle + 1
    return before + low * _SECOND


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What the wall clock shows at that moment, without a zone."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def openings(window: Window, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From when to when it is open, in order, as far as that touches the time from `since` to `until`.

    An opening that the change of clocks leaves nothing of is left out.
    """
    day = wall(since, zone).date() - 2 * _DAY
    last = wall(until, zone).date() + _DAY
    while day <= last:
        if day.weekday() in window.weekdays:
            opens = moment(datetime.combine(day, window.starts), zone)
            closes = moment(datetime.combine(window.closes_on(day), window.ends), zone)
            if opens < closes and closes > since and opens < until:
                yield opens, closes
        day += _DAY


def is_open(window: Window, zone: ZoneInfo, at: datetime) -> bool:
    return any(opens <= at < closes for opens, closes in openings(window, zone, at, at + _SECOND))


def next_open(window: Window, zone: ZoneInfo, at: datetime) -> datetime:
    """`at` itself while it is open; otherwise when it opens next."""
    # Two weeks: the one opening of a week may fall into what a change of clocks leaves out.
    for opens, _ in openings(window, zone, at, at + timedelta(days=15)):
        return max(opens, at)
    raise LookupError("a window opens every week")
