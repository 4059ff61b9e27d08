"""Chaos over HTTP: started by vendors and admins, ended by whoever follows a report link."""

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody, QueryParameter

from jwt_pizza.factory.chaos.model import AttackCard, Attacked, Plan, Stopped, kind_of
from jwt_pizza.factory.chaos.service import ChaosDesk
from jwt_pizza.factory.vendors.routes import vendor_key
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.web.api import BEARER, AnyRequest, Message, client_address
from jwt_pizza.web.operators import Operators


class OwnPlan(Plan, frozen=True):
    """The kind is in the path."""

    kind: str = ""


_NO_PLAN = OwnPlan()


@put("/api/vendor/chaos/{kind:str}", security=BEARER, summary="Attack the factory, for this vendor's orders")
async def start_own(
    kind: FromPath[str], request: AnyRequest, vendor_desk: Given[VendorDesk], chaos_desk: Given[ChaosDesk]
) -> Message:
    vendor = await vendor_desk.identify(vendor_key(request))
    known = kind_of(kind)
    # The original's clients send no body, or an empty one.
    body = (await request.body()).strip()
    plan = msgspec.json.decode(body, type=OwnPlan) if body else _NO_PLAN
    await chaos_desk.start_own(vendor, msgspec.structs.replace(plan, kind=known))
    return Message("Chaos initiated")


@get("/api/support/{api_key:str}/report/{fix_code:str}", summary="Report a problem: ends the chaos behind it")
async def report(
    api_key: FromPath[str], fix_code: FromPath[str], request: AnyRequest, chaos_desk: Given[ChaosDesk]
) -> Message:
    return Message(await chaos_desk.report(api_key, fix_code, client_address(request)))


@get("/api/report", summary="The same with a query")
async def report_by_query(
    request: AnyRequest,
    chaos_desk: Given[ChaosDesk],
    api_key: Annotated[str, QueryParameter(name="apiKey", max_length=200)] = "",
    fix_code: Annotated[str, QueryParameter(name="fixCode", max_length=200)] = "",
) -> Message:
    return Message(await chaos_desk.report(api_key, fix_code, client_address(request)))


@get("/api/admin/chaos", security=BEARER, summary="The last attacks, newest first")
async def status(request: AnyRequest, vendor_desk: Given[VendorDesk], chaos_desk: Given[ChaosDesk]) -> Attacked:
    await vendor_desk.identify_admin(vendor_key(request))
    return Attacked(attacks=list(await chaos_desk.recent()))


@post("/api/admin/chaos", status_code=200, security=BEARER, summary="Attack the factory, for all orders or a vendor's")
async def start(
    data: JSONBody[Plan], request: AnyRequest, vendor_desk: Given[VendorDesk], chaos_desk: Given[ChaosDesk]
) -> AttackCard:
    admin = await vendor_desk.identify_admin(vendor_key(request))
    return await chaos_desk.start(data, by=admin.id)


@delete("/api/admin/chaos", status_code=200, security=BEARER, summary="End every attack")
async def stop(
    request: AnyRequest, vendor_desk: Given[VendorDesk], chaos_desk: Given[ChaosDesk], operators: Given[Operators]
) -> Stopped:
    if operators.acting(request.scope) is None:
        await vendor_desk.identify_admin(vendor_key(request))
    stopped = await chaos_desk.stop_all()
    return Stopped(message="Chaos stopped", stopped=stopped)


router = Router("/", route_handlers=[start_own, report, report_by_query, status, start, stop], tags=["chaos"])
