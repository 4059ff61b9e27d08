"""Impact and amends of incidents over HTTP."""

from collections.abc import Sequence
from typing import Literal

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.incidents.amends import AmendsOffice
from jwt_pizza.ops.incidents.model import Amends
from jwt_pizza.ops.incidents.remote import Failure, acting
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import BEARER, PathId


class AmendsPlan(Wire, frozen=True, forbid_unknown_fields=True):
    """`explanation` stands in the letters; without it, what is known is said. `remedies`: by harm (charged, failed)
    what is given: refund, apology, voucher."""

    explanation: str = ""
    remedies: dict[Literal["charged", "failed"], tuple[Literal["refund", "apology", "voucher"], ...]] | None = None


@get(
    "/api/incidents/{incident_id:int}/impact/orders.csv",
    security=BEARER,
    summary="Who was hurt, for a spreadsheet",
    media_type="text/csv",
)
async def hurt_orders(
    incident_id: PathId, person: Given[Person], amends_office: Given[AmendsOffice]
) -> Response[bytes]:
    return csv_of(incident_id, await amends_office.hurt_orders(incident_id, acting(person)))


@put("/api/incidents/{incident_id:int}/amends", security=BEARER, summary="Plan amends: who gets what; nothing yet")
async def plan_amends(
    incident_id: PathId, data: JSONBody[AmendsPlan], person: Given[Person], amends_office: Given[AmendsOffice]
) -> Amends:
    remedies = {str(harm): tuple(map(str, given)) for harm, given in data.remedies.items()} if data.remedies else None
    return await amends_office.plan(incident_id, acting(person), explanation=data.explanation, remedies=remedies)


@get("/api/incidents/{incident_id:int}/amends", security=BEARER, summary="The plan, and how far it is")
async def amends(incident_id: PathId, person: Given[Person], amends_office: Given[AmendsOffice]) -> Amends:
    return await amends_office.show(incident_id, acting(person))


@post("/api/incidents/{incident_id:int}/amends/approval", status_code=200, security=BEARER, summary="For managers")
async def approve_amends(incident_id: PathId, person: Given[Person], amends_office: Given[AmendsOffice]) -> Amends:
    return await amends_office.approve(incident_id, acting(person))


@post("/api/incidents/{incident_id:int}/amends/execution", status_code=200, security=BEARER, summary="Give them")
async def start_amends(incident_id: PathId, person: Given[Person], amends_office: Given[AmendsOffice]) -> Amends:
    return await amends_office.start(incident_id, acting(person))


@post("/api/incidents/{incident_id:int}/amends/retry", status_code=200, security=BEARER, summary="Try failures again")
async def retry_amends(incident_id: PathId, person: Given[Person], amends_office: Given[AmendsOffice]) -> Amends:
    return await amends_office.retry(incident_id, acting(person))


@get("/api/incidents/{incident_id:int}/amends/failures", security=BEARER, summary="What could not be given or sent")
async def amends_failures(
    incident_id: PathId, person: Given[Person], amends_office: Given[AmendsOffice]
) -> Sequence[Failure]:
    return await amends_office.failures(incident_id, acting(person))


def csv_of(incident_id: int, rows: bytes) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="incident-{incident_id}-orders.csv"'}
    return Response(rows, media_type="text/csv", headers=headers)


router = Router(
    "/",
    route_handlers=[
        hurt_orders,
        plan_amends,
        amends,
        approve_amends,
        start_amends,
        retry_amends,
        amends_failures,
    ],
    tags=["incidents"],
)
