"""Statistics over HTTP, as JSON and CSV."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from litestar import Response, Router, get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, QueryParameter

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.statistics.model import Records, Statistics, as_csv, statistics_of
from jwt_pizza.web.api import BEARER

_LONGEST = timedelta(days=366)


@get("/api/oncall/statistics", security=BEARER, summary="Times to acknowledge and resolve, pages by person and hour")
async def statistics(
    person: Given[Person],  # noqa: ARG001
    records: Given[Records],
    clock: Given[Clock],
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    format_: Annotated[Literal["json", "csv"], QueryParameter(name="format")] = "json",
) -> Response[Statistics] | Response[str]:
    """Of the last 30 days unless said otherwise; at most a year."""
    until = until or clock.now()
    since = since or until - timedelta(days=30)
    if since.tzinfo is None or until.tzinfo is None:
        raise Invalid("since and until must have a time zone, as in 2025-04-08T15:25:00Z")
    if not timedelta() < until - since <= _LONGEST:
        raise Invalid("until must be after since, at most a year")
    found = statistics_of(await records.courses(since, until), await records.woken(since, until), since, until)
    if format_ == "csv":
        headers = {"Content-Disposition": 'attachment; filename="oncall.csv"'}
        return Response(as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    return Response(found)


router = Router("/", route_handlers=[statistics], tags=["statistics"])
