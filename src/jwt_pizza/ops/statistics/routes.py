"""Statistics over HTTP, as JSON and CSV."""

from datetime import datetime
from typing import Final

from litestar import Response, Router, get
from litestar.di import NamedDependency as Given
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.statistics.model import Statistics, as_csv
from jwt_pizza.ops.statistics.service import StatisticsDesk
from jwt_pizza.web.api import BEARER, AnyRequest

_CSV: Final = "text/csv"


@get("/api/oncall/statistics", security=BEARER, summary="Times to acknowledge and resolve, pages by person and hour")
async def statistics(
    request: AnyRequest,
    person: Given[Person],  # noqa: ARG001
    statistics_desk: Given[StatisticsDesk],
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> Statistics:
    """Of the last 30 days unless said otherwise; at most a year. With `format=csv` as the address below."""
    found = await statistics_desk.read(since, until)
    wanted = request.query_params.get("format", "json")
    if wanted == "csv":
        # One address, two forms: the schema can tell only one of them, the other has an address of its own.
        return _csv(found)  # type: ignore[return-value]
    if wanted != "json":
        raise Invalid("format must be json or csv")
    return found


@get(
    "/api/oncall/statistics.csv",
    security=BEARER,
    summary="The same, one fact a row",
    media_type=_CSV,
    responses={200: ResponseSpec(data_container=str, description="measure,person,hour,value", media_type=_CSV)},
)
async def statistics_csv(
    person: Given[Person],  # noqa: ARG001
    statistics_desk: Given[StatisticsDesk],
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> Response[str]:
    return _csv(await statistics_desk.read(since, until))


def _csv(found: Statistics) -> Response[str]:
    headers = {"Content-Disposition": 'attachment; filename="oncall.csv"'}
    return Response(as_csv(found), media_type=_CSV, headers=headers)


router = Router("/", route_handlers=[statistics, statistics_csv], tags=["statistics"])
