"""A schedule day by day, as its wall clock shows it. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final

import msgspec

from jwt_pizza.kernel.wallclock import moment, wall, zone_of
from jwt_pizza.ops.schedules.lineup import Lineup, Standing, changes, on_call

_DAY: Final = timedelta(days=1)


class Turn(msgspec.Struct, frozen=True):
    """A part of a day, from `00:00` to `24:00`, with who is on call in it; nobody in a gap."""

    starts: str
    ends: str
    people: tuple[int, ...]


class Day(msgspec.Struct, frozen=True):
    date: date
    turns: tuple[Turn, ...]


def days(lineup: Lineup, since: datetime, length: int) -> Sequence[Day]:
    """So many days, the first one from `since` on."""
    zone = zone_of(lineup.time_zone)
    first = wall(since, zone).date()
    dates = [first + number * _DAY for number in range(length)]
    midnights = [moment(datetime.combine(each, time()), zone) for each in (*dates, dates[-1] + _DAY)]
    standings = [Standing(since, on_call(lineup, since)), *changes(lineup, since, midnights[-1])]

    def clock(at: datetime) -> str:
        return f"{wall(at, zone):%H:%M}"

    def turns(opens: datetime, closes: datetime) -> Iterator[Turn]:
        ends = [*(standing.at for standing in standings[1:]), midnights[-1]]
        for standing, end in zip(standings, ends, strict=True):
            begins, over = max(standing.at, opens), min(end, closes)
            if begins < over:
                yield Turn(clock(begins), "24:00" if over == closes else clock(over), standing.people)

    return [Day(each, tuple(turns(*span))) for each, span in zip(dates, pairwise(midnights), strict=True)]
