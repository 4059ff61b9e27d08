"""Dead-man's switches: who must say something how often, and who has not."""

from datetime import datetime
from typing import Final, get_args

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.ops.alerts.model import Severity
from jwt_pizza.ops.console.fields import Form, known, one_of, whole
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.heartbeats.model import Heartbeat, HeartbeatPlan
from jwt_pizza.ops.heartbeats.service import HeartbeatDesk
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.service import must_manage
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, read_form, sentence

_LONGEST: Final = 365 * 24 * 60


class Beating(msgspec.Struct, frozen=True):
    heartbeat: Heartbeat
    missing: bool


@get("/heartbeats")
async def heartbeats(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    heartbeat_desk: Given[HeartbeatDesk],
    clock: Given[Clock],
) -> Template:
    return await _page(request, site, person, heartbeat_desk, clock.now())


@post("/heartbeats", status_code=200)
async def add(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    heartbeat_desk: Given[HeartbeatDesk],
    clock: Given[Clock],
) -> Template | Redirect:
    form = await read_form(request)
    try:
        must_manage(person)
        await heartbeat_desk.add(_plan(form), by=actor_of(person.id))
    except Refusal as refusal:
        return await _page(request, site, person, heartbeat_desk, clock.now(), refusal, form)
    return go("/heartbeats")


@post("/heartbeats/{heartbeat_id:int}", status_code=200)
async def change(
    heartbeat_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    heartbeat_desk: Given[HeartbeatDesk],
    clock: Given[Clock],
) -> Template | Redirect:
    form = await read_form(request)
    try:
        must_manage(person)
        if form.get("verb") == "remove":
            await heartbeat_desk.remove(known(heartbeat_id), by=actor_of(person.id))
        else:
            await heartbeat_desk.change(known(heartbeat_id), _plan(form), by=actor_of(person.id))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(request, site, person, heartbeat_desk, clock.now(), refusal)
    return go("/heartbeats")


async def _page(
    request: AnyRequest,
    site: Site,
    person: Person,
    desk: HeartbeatDesk,
    now: datetime,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Template:
    found = sorted(await desk.all(), key=lambda each: each.name.casefold())
    return site.draw(
        request,
        "setup/heartbeats.html",
        status=refusal.status if refusal else 200,
        problem=sentence(refusal.message) if refusal else "",
        typed=form or {},
        heartbeats=[Beating(each, each.missing(now)) for each in found],
        severities=get_args(Severity),
        manages=person.manages,
        place="on-call",
        tab="heartbeats",
    )


def _plan(form: Form) -> HeartbeatPlan:
    minutes = whole(form, "minutes", "the minutes")
    if not 1 <= minutes <= _LONGEST:
        raise Invalid("a heartbeat is due after a minute at least, and a year at most")
    return HeartbeatPlan(
        name=form.get("name", ""),
        interval_seconds=minutes * 60.0,
        severity=one_of(form, "severity", get_args(Severity), "the severity"),
    )


router = Router("/", route_handlers=[heartbeats, add, change])
