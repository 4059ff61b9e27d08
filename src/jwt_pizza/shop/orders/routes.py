"""Orders over HTTP."""

from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from jwt_pizza.kernel.wire import Id, Wire
from jwt_pizza.kit import tracing
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.accounts.service import Sessions
from jwt_pizza.shop.orders.model import Basket, Delivered, History, delivered, failed
from jwt_pizza.shop.orders.service import OrderDesk
from jwt_pizza.web.api import BEARER, AnyRequest
from jwt_pizza.web.express import Call, Lane, Reply, through
from jwt_pizza.web.openapi import answers

_encode = msgspec.json.Encoder().encode
_FAILED: Final = {"voided", "charged"}
_INSIDERS: Final = {"admin", "engineer"}
_REPLAYED: Final = ((b"idempotent-replayed", b"true"),)


class ItemRequest(Wire, frozen=True):
    """The menu decides on description and price, whatever is sent."""

    menu_id: Id
    description: str | None = None
    price: float | None = None


class OrderRequest(Wire, frozen=True):
    franchise_id: Id
    store_id: Id
    items: Annotated[tuple[ItemRequest, ...], msgspec.Meta(max_length=1000)]


class Chaos(msgspec.Struct):
    chaos: bool


class HistoryRequest(msgspec.Struct, frozen=True):
    page: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    sort: Literal["oldest", "newest"] = "oldest"


_FIRST_PAGE: Final = HistoryRequest()
# Ids may arrive as numeric strings.
_decode = msgspec.json.Decoder(OrderRequest, strict=False).decode


def order_lane(sessions: Sessions, desk: OrderDesk) -> Lane:
    async def take(call: Call) -> Reply:
        token = call.bearer_token()
        caller = await sessions.recall(token)
        wanted = _decode(call.body)
        basket = Basket(wanted.franchise_id, wanted.store_id, tuple(item.menu_id for item in wanted.items))
        key = call.header(b"idempotency-key")
        with tracing.span("order"):
            answer = await desk.place(caller, basket, key, lambda: sessions.identify(token))
        headers = _REPLAYED if answer.replayed else ()
        if answer.order.status in _FAILED:
            shown = desk.policy == "factory-only" or any(role.role in _INSIDERS for role in caller.user.roles)
            return Reply(_encode(failed(answer.report_url if shown else None)), status=500, headers=headers)
        return Reply(_encode(delivered(answer.order)), headers=headers)

    return take


@post("/api/order", status_code=200, security=BEARER, summary="Order pizzas", responses=answers(Delivered))
async def place(
    data: JSONBody[OrderRequest],  # noqa: ARG001 - for the schema; the lane reads the body itself
    request: AnyRequest,
    take_order: Given[Lane],
    idempotency_key: Annotated[  # noqa: ARG001
        str | None, HeaderParameter(name="Idempotency-Key", description="Makes a retry safe")
    ] = None,
) -> Response[bytes]:
    return await through(take_order, request)


def history_lane(sessions: Sessions, desk: OrderDesk) -> Lane:
    async def look_back(call: Call) -> Reply:
        caller = await sessions.identify(call.bearer_token())
        wanted = _FIRST_PAGE
        if call.query:
            wanted = msgspec.convert(dict(parse_qsl(call.query.decode("latin-1"))), HistoryRequest, strict=False)
        found = await desk.history(caller, page=wanted.page, newest_first=wanted.sort == "newest")
        return Reply(_encode(found))

    return look_back


@get(
    "/api/order",
    security=BEARER,
    summary="The orders of the authenticated user, oldest first",
    responses=answers(History),
)
async def history(
    request: AnyRequest,
    look_back: Given[Lane],
    page: Annotated[int, QueryParameter(ge=1, le=1_000_000)] = 1,  # noqa: ARG001 - for the schema, as in `place`
    sort: FromQuery[Literal["oldest", "newest"]] = "oldest",  # noqa: ARG001
) -> Response[bytes]:
    return await through(look_back, request)


@put("/api/order/chaos/{switch:str}", security=BEARER, summary="Let half of the orders fail")
async def chaos(switch: FromPath[Literal["true", "false"]], caller: Given[Caller], desk: Given[OrderDesk]) -> Chaos:
    await desk.set_chaos(caller, switch == "true")
    return Chaos(chaos=switch == "true")


router = Router("/", route_handlers=[place, history, chaos], tags=["orders"])
