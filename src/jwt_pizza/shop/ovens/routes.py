"""The ovens for engineers: what they answered, and the report link to follow."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, QueryParameter

from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.ovens.model import RecordedAttempt
from jwt_pizza.shop.ovens.service import Inspection
from jwt_pizza.web.api import BEARER, PathId


class Reported(msgspec.Struct):
    """What the factory answered to the report."""

    status: int
    message: str


@get("/api/ops/attempts", security=BEARER, summary="What the ovens answered, newest first (engineers)")
async def attempts(
    caller: Given[Caller],
    inspection: Given[Inspection],
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
    failed: FromQuery[bool] = False,
    order: Annotated[int | None, QueryParameter(ge=1, le=2**53 - 1)] = None,
) -> Sequence[RecordedAttempt]:
    return await inspection.recent(caller, take=limit, only_failed=failed, order_id=order)


@post(
    "/api/ops/attempts/{attempt_id:int}/report",
    status_code=200,
    security=BEARER,
    summary="Follow the report link of an attempt (engineers)",
)
async def report(attempt_id: PathId, caller: Given[Caller], inspection: Given[Inspection]) -> Reported:
    status, message = await inspection.report(caller, attempt_id)
    return Reported(status=status, message=message)


router = Router("/", route_handlers=[attempts, report], tags=["ops"])
