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
from jwt_pizza.ops.console.fields import Form, known, one_of, strict, whole
from jwt_pizza.ops.console.setup.visit import Visit
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.heartbeats.model import Heartbeat, HeartbeatPlan
from jwt_pizza.ops.heartbeats.service import HeartbeatDesk
from jwt_pizza.ops.people.service import must_manage
from jwt_pizza.web.site import go

_LONGEST: Final = 365 * 24 * 60


class Beating(msgspec.Struct, frozen=True):
    heartbeat: Heartbeat
    missing: bool


@get("/heartbeats")
async def heartbeats(visit: Given[Visit], heartbeat_desk: Given[HeartbeatDesk], clock: Given[Clock]) -> Template:
    return await _page(visit, heartbeat_desk, clock.now())


@post("/heartbeats", status_code=200)
async def add(visit: Given[Visit], heartbeat_desk: Given[HeartbeatDesk], clock: Given[Clock]) -> Template | Redirect:
    form = await visit.form()
    try:
        must_manage(visit.person)
        await heartbeat_desk.add(_plan(form), by=actor_of(visit.person.id))
    except Refusal as refusal:
        return await _page(visit, heartbeat_desk, clock.now(), refusal, form)
    return go("/heartbeats")


@post("/heartbeats/{heartbeat_id:int}", status_code=200)
async def change(
    heartbeat_id: FromPath[int], visit: Given[Visit], heartbeat_desk: Given[HeartbeatDesk], clock: Given[Clock]
) -> Template | Redirect:
    form = await visit.form()
    try:
        must_manage(visit.person)
        if form.get("verb") == "remove":
            await heartbeat_desk.remove(known(heartbeat_id), by=actor_of(visit.person.id))
        else:
            await heartbeat_desk.change(known(heartbeat_id), _plan(form), by=actor_of(visit.person.id))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, heartbeat_desk, clock.now(), refusal)
    return go("/heartbeats")


async def _page(
    visit: Visit, desk: HeartbeatDesk, now: datetime, refusal: Refusal | None = None, form: Form | None = None
) -> Template:
    found = sorted(await desk.all(), key=lambda each: each.name.casefold())
    return visit.draw(
        "heartbeats",
        "heartbeats",
        refusal=refusal,
        form=form,
        heartbeats=[Beating(each, each.missing(now)) for each in found],
        severities=get_args(Severity),
    )


def _plan(form: Form) -> HeartbeatPlan:
    minutes = whole(form, "minutes", "the minutes")
    if not 1 <= minutes <= _LONGEST:
        raise Invalid("a heartbeat is due after a minute at least, and a year at most")
    plan = HeartbeatPlan(
        name=form.get("name", ""),
        interval_seconds=minutes * 60.0,
        severity=one_of(form, "severity", get_args(Severity), "the severity"),
    )
    return strict(plan)


router = Router("/", route_handlers=[heartbeats, add, change])
