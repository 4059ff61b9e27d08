"""The oven over HTTP."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from jwt_pizza.factory.chaos.service import ChaosDesk
from jwt_pizza.factory.pizzas.model import Jwks, Verified
from jwt_pizza.factory.pizzas.service import Bakery, Kitchen, NotAPizza
from jwt_pizza.factory.pizzas.struck import Struck
from jwt_pizza.factory.vendors.model import key_hash
from jwt_pizza.kernel import wire
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, Unauthorized
from jwt_pizza.kernel.wire import BakeAnswer, BakeRequest, Id, Wire
from jwt_pizza.kit.jwt import BadToken, read_header
from jwt_pizza.web.address import Address
from jwt_pizza.web.api import BEARER, AnyRequest
from jwt_pizza.web.express import Call, Lane, Reply, through
from jwt_pizza.web.openapi import answers

_encode = msgspec.json.Encoder().encode


class DinerRequest(Wire, frozen=True):
    id: Id
    name: Annotated[str, msgspec.Meta(max_length=200)]
    email: Annotated[str, msgspec.Meta(max_length=254)]


class ItemRequest(Wire, frozen=True):
    menu_id: Id
    description: Annotated[str, msgspec.Meta(max_length=500)]
    price: float


class OrderRequest(Wire, frozen=True):
    id: Id | None = None
    franchise_id: Id | None = None
    store_id: Id | None = None
    items: tuple[ItemRequest, ...] | None = None


class PizzaRequest(Wire, frozen=True):
    diner: DinerRequest | None = None
    order: OrderRequest | None = None


class Slice(Wire, frozen=True):
    jwt: str | None = None


_decode = msgspec.json.Decoder(Slice).decode
# Ids may arrive as numeric strings.
_decode_order = msgspec.json.Decoder(PizzaRequest, strict=False).decode


def bake_lane(chaos_desk: ChaosDesk, kitchen: Kitchen, address: Address, clock: Clock) -> Lane:
    async def bake(call: Call) -> Reply:
        try:
            key = call.bearer_token()
        except Unauthorized:
            raise Unauthorized("invalid authentication") from None
        known = key_hash(key)
        if kitchen.remembers(known):
            pizza = await kitchen.bake_in_calm(known, _complete(_decode_order(call.body)))
            if pizza is not None:
                return Reply(_encode(BakeAnswer(jwt=pizza)))
        vendor, strike = await chaos_desk.admit(key)
        baker = wire.Vendor(id=vendor.id, name=vendor.name)
        order = _complete(_decode_order(call.body))
        if strike is None:
            kitchen.remember(known, baker)
        else:
            # The form that the incident's own answer had; /api/support/KEY/report/CODE does the same.
            query = urlencode({"apiKey": key, "fixCode": strike.attack.fix_code})
            report = f"{address.of(call.scope)}/api/report?{query}"
            struck = Struck(call.line(), chaos_desk, kitchen, clock, key, report)
            return await struck.answer(baker, order, strike)
        return Reply(_encode(BakeAnswer(jwt=await kitchen.bake(baker, order))))

    return bake


@post("/api/order", status_code=200, security=BEARER, summary="Bake an order", responses=answers(BakeAnswer))
async def bake(
    data: JSONBody[PizzaRequest],  # noqa: ARG001 - for the schema; the lane reads the body itself
    request: AnyRequest,
    bake_pizza: Given[Lane],
) -> Response[bytes]:
    return await through(bake_pizza, request)


def verify_lane(bakery: Bakery) -> Lane:
    async def verify(call: Call) -> Reply:
        token = _decode(call.body).jwt
        if not token:
            raise Invalid("jwt is required")
        try:
            header = read_header(token)
        except BadToken:
            raise NotAPizza from None
        pizza = await bakery.verify(token, header.kid)
        return Reply(_encode(Verified(message="valid", payload=pizza)))

    return verify


@post("/api/order/verify", status_code=200, summary="Check a pizza", responses=answers(Verified))
async def verify(
    data: JSONBody[Slice],  # noqa: ARG001 - for the schema; the lane reads the body itself
    request: AnyRequest,
    verify_pizza: Given[Lane],
) -> Response[bytes]:
    return await through(verify_pizza, request)


@get("/.well-known/jwks.json", summary="The keys that pizzas are verified with")
async def jwks(bakery: Given[Bakery]) -> Jwks:
    return await bakery.jwks()


def _complete(data: PizzaRequest) -> BakeRequest:
    order, diner = data.order, data.diner
    if (
        diner is None
        or order is None
        or order.id is None
        or order.store_id is None
        or order.franchise_id is None
        or order.items is None
    ):
        raise Invalid("Missing required parameters")
    items: Sequence[ItemRequest] = order.items
    return BakeRequest(
        diner=wire.Diner(id=diner.id, name=diner.name, email=diner.email),
        order=wire.Order(
            id=order.id,
            franchise_id=order.franchise_id,
            store_id=order.store_id,
            items=tuple(
                wire.Item(menu_id=item.menu_id, description=item.description, price=item.price) for item in items
            ),
        ),
    )


router = Router("/", route_handlers=[bake, verify, jwks], tags=["factory"])
