"""Where alerts go: routes in the order in which they are tried, and which alerts mute which others."""

from collections.abc import Sequence

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.ops.chains.service import ChainDesk
from jwt_pizza.ops.console.fields import Form, known, maybe_whole, strict
from jwt_pizza.ops.console.setup.silences import written
from jwt_pizza.ops.console.setup.visit import Visit
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.service import must_manage
from jwt_pizza.ops.routing.matching import parsed
from jwt_pizza.ops.routing.model import InhibitionPlan, Route, RoutePlan
from jwt_pizza.ops.routing.service import RoutingDesk
from jwt_pizza.web.site import go

_WEEK = 7 * 24 * 60


class Listed(msgspec.Struct, frozen=True):
    """`group_by` as people type it."""

    route: Route
    matchers: str
    group_by: str


class Muting(msgspec.Struct, frozen=True):
    id: int
    source: str
    target: str
    equal: str


class Desks(msgspec.Struct, frozen=True):
    routing: RoutingDesk
    chains: ChainDesk


async def desks_of(routing_desk: Given[RoutingDesk], chain_desk: Given[ChainDesk]) -> Desks:
    return Desks(routing_desk, chain_desk)


@get("/routes")
async def routes(visit: Given[Visit], desks: Given[Desks]) -> Template:
    return await _page(visit, desks)


@post("/routes", status_code=200)
async def add(visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    form = await visit.form()
    try:
        must_manage(visit.person)
        await desks.routing.add_route(_plan(form, default=False), by=actor_of(visit.person.id))
    except Refusal as refusal:
        return await _page(visit, desks, refusal, form)
    return go("/routes")


@post("/routes/{route_id:int}", status_code=200)
async def change(route_id: FromPath[int], visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    """`verb`: save, raise or remove."""
    form = await visit.form()
    by = actor_of(visit.person.id)
    try:
        must_manage(visit.person)
        found = await desks.routing.routes()
        route = next((each for each in found if each.id == known(route_id)), None)
        if route is None:
            raise NotFound(f"there is no route {route_id}")
        match form.get("verb"):
            case "remove":
                await desks.routing.remove_route(route_id, by=by)
            case "raise":
                await desks.routing.order_routes(
                    _raised([each.id for each in found if not each.is_default], route_id), by=by
                )
            case _:
                await desks.routing.change_route(route_id, _plan(form, default=route.is_default), by=by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, desks, refusal)
    return go("/routes")


@post("/routes/inhibitions", status_code=200)
async def inhibit(visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    form = await visit.form()
    try:
        must_manage(visit.person)
        plan = InhibitionPlan(
            source=parsed(form.get("source", "")),
            target=parsed(form.get("target", "")),
            equal=tuple(_labels(form.get("equal", ""))),
        )
        await desks.routing.inhibit(strict(plan), by=actor_of(visit.person.id))
    except Refusal as refusal:
        return await _page(visit, desks, refusal, form)
    return go("/routes#inhibitions")


@post("/routes/inhibitions/{inhibition_id:int}/remove", status_code=200)
async def uninhibit(inhibition_id: FromPath[int], visit: Given[Visit], desks: Given[Desks]) -> Redirect:
    must_manage(visit.person)
    await desks.routing.remove_inhibition(known(inhibition_id), by=actor_of(visit.person.id))
    return go("/routes#inhibitions")


async def _page(visit: Visit, desks: Desks, refusal: Refusal | None = None, form: Form | None = None) -> Template:
    return visit.draw(
        "routes",
        "routes",
        refusal=refusal,
        form=form,
        routes=[
            Listed(route, written(route.matchers), ", ".join(route.group_by)) for route in await desks.routing.routes()
        ],
        inhibitions=[
            Muting(each.id, written(each.source), written(each.target), ", ".join(each.equal))
            for each in await desks.routing.inhibitions()
        ],
        chains={chain.id: chain.name for chain in await desks.chains.all()},
    )


def _raised(ids: Sequence[int], route_id: int) -> Sequence[int]:
    """It and the one before it change places."""
    place = ids.index(route_id) if route_id in ids else 0
    if place == 0:
        raise Invalid("this route is tried first already")
    return [*ids[: place - 1], route_id, ids[place - 1], *ids[place + 1 :]]


def _plan(form: Form, *, default: bool) -> RoutePlan:
    chain = maybe_whole(form, "chain", "the chain")
    plan = RoutePlan(
        name=form.get("name", ""),
        matchers=() if default else parsed(form.get("matchers", "")),
        group_by=_labels(form.get("group", "")),
        chain_id=chain,
        remind_seconds=_minutes(form, "remind", "the reminder"),
        unacknowledge_seconds=_minutes(form, "unacknowledge", "the end of an acknowledgement"),
    )
    return strict(plan)


def _minutes(form: Form, name: str, what: str) -> float | None:
    minutes = maybe_whole(form, name, what)
    if minutes is not None and not 1 <= minutes <= _WEEK:
        raise Invalid(f"{what} comes after a minute at least and a week at most, or never: leave it empty")
    return None if minutes is None else minutes * 60.0


def _labels(text: str) -> list[str]:
    found = [label.strip() for label in text.split(",") if label.strip()]
    if len(found) > 20 or any(len(label) > 200 or "\0" in label for label in found):
        raise Invalid("at most 20 labels, of at most 200 characters each")
    return found


router = Router("/", route_handlers=[routes, add, change, inhibit, uninhibit], dependencies={"desks": desks_of})
