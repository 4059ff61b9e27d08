"""How long people took, and whom it woke: each hour of everybody's own day."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.params import QueryParameter
from litestar.response import Template

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.ops.console.setup.visit import Visit
from jwt_pizza.ops.reports.wording import lasting
from jwt_pizza.ops.statistics.model import NIGHT, PersonPages
from jwt_pizza.ops.statistics.service import StatisticsDesk

_SPANS: Final = (7, 30, 90, 365)
_STEPS: Final = 4
"""Of a shade."""


class Hour(msgspec.Struct, frozen=True):
    """`shade` from 0, for none, to 4, for as many as anybody got in an hour."""

    hour: int
    pages: int
    shade: int
    night: bool


class Row(msgspec.Struct, frozen=True):
    person: PersonPages
    hours: Sequence[Hour]


@get("/statistics")
async def statistics(
    visit: Given[Visit],
    statistics_desk: Given[StatisticsDesk],
    clock: Given[Clock],
    days: Annotated[int, QueryParameter(ge=1, le=365)] = 30,
) -> Template:
    now = clock.now()
    found = await statistics_desk.read(now - timedelta(days=days), now)
    return visit.draw(
        "statistics",
        "statistics",
        found=found,
        times=[("To acknowledge", found.to_acknowledge), ("To resolve", found.to_resolve)],
        lasting=lasting,
        rows=rows(found.people),
        days=days,
        spans=_SPANS,
    )


def rows(people: Sequence[PersonPages]) -> Sequence[Row]:
    """Pure; shades are of one scale for all of them."""
    most = max((pages for each in people for pages in each.by_hour), default=0)
    return [
        Row(
            each,
            [
                Hour(hour, pages, -(-pages * _STEPS // most) if pages else 0, hour in NIGHT)
                for hour, pages in enumerate(each.by_hour)
            ],
        )
        for each in people
    ]


router = Router("/", route_handlers=[statistics])
