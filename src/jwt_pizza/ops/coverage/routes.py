"""The report over HTTP."""

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.params import QueryParameter

from jwt_pizza.ops.coverage.model import Report
from jwt_pizza.ops.coverage.service import CoverageDesk
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import BEARER


@get("/api/coverage", security=BEARER, summary="Whether somebody would be paged in the coming days")
async def coverage(
    person: Given[Person],  # noqa: ARG001 - 401
    coverage_desk: Given[CoverageDesk],
    days: Annotated[int, QueryParameter(ge=1, le=90)] = 14,
) -> Report:
    return await coverage_desk.report(days)


router = Router("/", route_handlers=[coverage], tags=["coverage"])
