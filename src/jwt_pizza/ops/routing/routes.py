"""Routes, silences and inhibition rules over HTTP."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, JSONBody

from jwt_pizza.kernel.errors import Forbidden
from jwt_pizza.kernel.wire import Id, Wire
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.routing.model import Inhibition, InhibitionPlan, Route, RoutePlan, Silence, SilencePlan
from jwt_pizza.ops.routing.service import RoutingDesk
from jwt_pizza.web.api import BEARER, Message, PathId


class Order(Wire, frozen=True, forbid_unknown_fields=True):
    """Every route but the default one, in the order in which they are to be tried."""

    route_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=10_000)]


@get("/api/routes", security=BEARER, summary="Where alerts go: the first route that fits takes them")
async def routes(person: Given[Person], routing_desk: Given[RoutingDesk]) -> Sequence[Route]:  # noqa: ARG001
    return await routing_desk.routes()


@post("/api/routes", status_code=200, security=BEARER, summary="Add a route before the default one")
async def add_route(data: JSONBody[RoutePlan], person: Given[Person], routing_desk: Given[RoutingDesk]) -> Route:
    return await routing_desk.add_route(data, by=_manager(person))


@put("/api/routes/order", security=BEARER, summary="In which order routes are tried")
async def order_routes(
    data: JSONBody[Order], person: Given[Person], routing_desk: Given[RoutingDesk]
) -> Sequence[Route]:
    return await routing_desk.order_routes(data.route_ids, by=_manager(person))


@put("/api/routes/{route_id:int}", security=BEARER, summary="Change a route")
async def change_route(
    route_id: PathId, data: JSONBody[RoutePlan], person: Given[Person], routing_desk: Given[RoutingDesk]
) -> Route:
    return await routing_desk.change_route(route_id, data, by=_manager(person))


@delete("/api/routes/{route_id:int}", status_code=200, security=BEARER, summary="Remove a route; its groups go on")
async def remove_route(route_id: PathId, person: Given[Person], routing_desk: Given[RoutingDesk]) -> Message:
    await routing_desk.remove_route(route_id, by=_manager(person))
    return Message("route removed")


@get("/api/silences", security=BEARER, summary="Silences and maintenance windows, the last first")
async def silences(
    person: Given[Person],  # noqa: ARG001
    routing_desk: Given[RoutingDesk],
    ended: FromQuery[bool] = False,
) -> Sequence[Silence]:
    return await routing_desk.silences(ended=ended)


@post("/api/silences", status_code=200, security=BEARER, summary="Keep alerts quiet for a time")
async def silence(data: JSONBody[SilencePlan], person: Given[Person], routing_desk: Given[RoutingDesk]) -> Silence:
    return await routing_desk.silence(data, by=actor_of(person.id))


@delete("/api/silences/{silence_id:int}", status_code=200, security=BEARER, summary="End a silence before its time")
async def end_silence(silence_id: PathId, person: Given[Person], routing_desk: Given[RoutingDesk]) -> Silence:
    return await routing_desk.end_silence(silence_id, by=actor_of(person.id))


@get("/api/inhibitions", security=BEARER, summary="Which alerts mute which others")
async def inhibitions(person: Given[Person], routing_desk: Given[RoutingDesk]) -> Sequence[Inhibition]:  # noqa: ARG001
    return await routing_desk.inhibitions()


@post("/api/inhibitions", status_code=200, security=BEARER, summary="Let some alerts mute others while they fire")
async def inhibit(
    data: JSONBody[InhibitionPlan], person: Given[Person], routing_desk: Given[RoutingDesk]
) -> Inhibition:
    return await routing_desk.inhibit(data, by=_manager(person))


@delete("/api/inhibitions/{inhibition_id:int}", status_code=200, security=BEARER, summary="Remove an inhibition rule")
async def remove_inhibition(inhibition_id: PathId, person: Given[Person], routing_desk: Given[RoutingDesk]) -> Message:
    await routing_desk.remove_inhibition(inhibition_id, by=_manager(person))
    return Message("inhibition rule removed")


def _manager(person: Person) -> str:
    """Raises Forbidden for who may not set up."""
    if not person.manages:
        raise Forbidden("only a manager may change this")
    return actor_of(person.id)


router = Router(
    "/",
    route_handlers=[
        routes,
        add_route,
        order_routes,
        change_route,
        remove_route,
        silences,
        silence,
        end_silence,
        inhibitions,
        inhibit,
        remove_inhibition,
    ],
    tags=["routing"],
)
