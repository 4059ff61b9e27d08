"""Impact and amends over HTTP, for administrators and engineers."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery, JSONBody

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.money import btc_text
from jwt_pizza.kernel.wire import Impact
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.amends.model import Failure, HurtOrder, Minute, Plan, PlanRequest
from jwt_pizza.shop.amends.service import AmendsDesk
from jwt_pizza.web.api import BEARER


@get("/api/ops/impact", security=BEARER, summary="Who was hurt in a window of time, and by how much")
async def impact(
    caller: Given[Caller], amends_desk: Given[AmendsDesk], since: FromQuery[datetime], until: FromQuery[datetime]
) -> Impact:
    return await amends_desk.impact(caller, since, until)


@get("/api/ops/impact/minutes", security=BEARER, summary="Orders per minute in a window of time, good and failed")
async def minutes(
    caller: Given[Caller], amends_desk: Given[AmendsDesk], since: FromQuery[datetime], until: FromQuery[datetime]
) -> Sequence[Minute]:
    return await amends_desk.minutes(caller, since, until)


@get("/api/ops/impact/orders", security=BEARER, summary="The orders that failed in a window of time")
async def hurt(
    caller: Given[Caller], amends_desk: Given[AmendsDesk], since: FromQuery[datetime], until: FromQuery[datetime]
) -> Sequence[HurtOrder]:
    return await amends_desk.hurt(caller, since, until)


@get("/api/ops/impact/orders.csv", security=BEARER, summary="The same for a spreadsheet", media_type="text/csv")
async def hurt_csv(
    caller: Given[Caller], amends_desk: Given[AmendsDesk], since: FromQuery[datetime], until: FromQuery[datetime]
) -> Response[bytes]:
    rows = io.StringIO()
    table = csv.writer(rows)
    table.writerow(["order", "diner", "store", "placed at (UTC)", "harm", "pizzas", "charged", "compensated"])
    for order in await amends_desk.hurt(caller, since, until):
        paid = btc_text(order.satoshis) if order.satoshis else ""
        compensated = "yes" if order.compensated else "no"
        placed = iso(order.placed_at)
        table.writerow(
            [order.order_id, order.diner_id, order.store_id, placed, order.harm, order.pizzas, paid, compensated]
        )
    headers = {"Content-Disposition": 'attachment; filename="hurt-orders.csv"'}
    return Response(rows.getvalue().encode(), media_type="text/csv", headers=headers)


@put("/api/ops/amends/{incident:str}", security=BEARER, summary="Plan amends: fixes who gets what, gives nothing yet")
async def plan(
    incident: FromPath[str], data: JSONBody[PlanRequest], caller: Given[Caller], amends_desk: Given[AmendsDesk]
) -> Plan:
    return await amends_desk.plan(caller, incident, data)


@get("/api/ops/amends/{incident:str}", security=BEARER, summary="A plan and how far it is")
async def show(incident: FromPath[str], caller: Given[Caller], amends_desk: Given[AmendsDesk]) -> Plan:
    return await amends_desk.get(caller, incident)


@post("/api/ops/amends/{incident:str}/approval", status_code=200, security=BEARER, summary="Approve (administrators)")
async def approve(incident: FromPath[str], caller: Given[Caller], amends_desk: Given[AmendsDesk]) -> Plan:
    return await amends_desk.approve(caller, incident)


@post("/api/ops/amends/{incident:str}/execution", status_code=200, security=BEARER, summary="Give what was planned")
async def start(incident: FromPath[str], caller: Given[Caller], amends_desk: Given[AmendsDesk]) -> Plan:
    return await amends_desk.start(caller, incident)


@get("/api/ops/amends/{incident:str}/failures", security=BEARER, summary="What could not be given or sent")
async def failures(incident: FromPath[str], caller: Given[Caller], amends_desk: Given[AmendsDesk]) -> Sequence[Failure]:
    return await amends_desk.failures(caller, incident)


@post("/api/ops/amends/{incident:str}/retry", status_code=200, security=BEARER, summary="Try the failures again")
async def retry(incident: FromPath[str], caller: Given[Caller], amends_desk: Given[AmendsDesk]) -> Plan:
    return await amends_desk.retry(caller, incident)


router = Router(
    "/",
    route_handlers=[impact, minutes, hurt, hurt_csv, plan, show, approve, start, failures, retry],
    tags=["amends"],
)
