"""Statistics over HTTP, as JSON and CSV."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Response, Router, get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, QueryParameter

from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.statistics.model import Statistics, as_csv
from jwt_pizza.ops.statistics.service import StatisticsDesk
from jwt_pizza.web.api import BEARER


@get("/api/oncall/statistics", security=BEARER, summary="Times to acknowledge and resolve, pages by person and hour")
async def statistics(
    person: Given[Person],  # noqa: ARG001
    statistics_desk: Given[StatisticsDesk],
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    format_: Annotated[Literal["json", "csv"], QueryParameter(name="format")] = "json",
) -> Response[Statistics] | Response[str]:
    """Of the last 30 days unless said otherwise; at most a year."""
    found = await statistics_desk.read(since, until)
    if format_ == "csv":
        headers = {"Content-Disposition": 'attachment; filename="oncall.csv"'}
        return Response(as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    return Response(found)


router = Router("/", route_handlers=[statistics], tags=["statistics"])
