"""The ovens for engineers: what they answered, and the report link to follow."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, JSONBody, QueryParameter

from jwt_pizza.kernel.wire import LARGEST_ID, Wire
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.ovens.model import OvenView, Reason, RecordedAttempt, Sought
from jwt_pizza.shop.ovens.service import Inspection, OvenSwitch
from jwt_pizza.web.api import BEARER, PathId


class Reported(msgspec.Struct):
    """What the factory answered to the report."""

    status: int
    message: str


class ForceRequest(Wire, frozen=True):
    """After `seconds` the policy counts again by itself."""

    seconds: float = 1800.0


@get("/api/ops/attempts", security=BEARER, summary="What the ovens answered, newest first (engineers)")
async def attempts(
    caller: Given[Caller],
    inspection: Given[Inspection],
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
    failed: FromQuery[bool] = False,
    reason: FromQuery[Reason | None] = None,
    oven: FromQuery[Literal["factory", "in-house"] | None] = None,
    order: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
) -> Sequence[RecordedAttempt]:
    sought = Sought(take=limit, only_failed=failed, reason=reason, oven=oven, order_id=order, before=before)
    return await inspection.recent(caller, sought)


@get("/api/ops/attempts/{attempt_id:int}", security=BEARER, summary="What an oven answered (engineers)")
async def attempt(attempt_id: PathId, caller: Given[Caller], inspection: Given[Inspection]) -> RecordedAttempt:
    return await inspection.get(caller, attempt_id)


@post(
    "/api/ops/attempts/{attempt_id:int}/report",
    status_code=200,
    security=BEARER,
    summary="Follow the report link of an attempt (engineers)",
)
async def report(attempt_id: PathId, caller: Given[Caller], inspection: Given[Inspection]) -> Reported:
    status, message = await inspection.report(caller, attempt_id)
    return Reported(status=status, message=message)


@get("/api/ops/ovens", security=BEARER, summary="Which oven bakes, and whether somebody forced it (engineers)")
async def ovens(caller: Given[Caller], oven_switch: Given[OvenSwitch]) -> OvenView:
    return await oven_switch.show(caller)


@put("/api/ops/ovens/in-house", security=BEARER, summary="Let the in-house oven bake everything for a while")
async def force(data: JSONBody[ForceRequest], caller: Given[Caller], oven_switch: Given[OvenSwitch]) -> OvenView:
    return await oven_switch.force(caller, data.seconds)


@delete("/api/ops/ovens/in-house", status_code=200, security=BEARER, summary="Let the policy count again")
async def unforce(caller: Given[Caller], oven_switch: Given[OvenSwitch]) -> OvenView:
    return await oven_switch.end(caller)


router = Router("/", route_handlers=[attempts, attempt, report, ovens, force, unforce], tags=["ops"])
