"""Silences and maintenance windows: what is kept quiet, until when, and why."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, get_args

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.ops.console.fields import Form, known, local_time, one_of, picked, strict
from jwt_pizza.ops.console.setup.visit import Visit
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.events.telling import by
from jwt_pizza.ops.people.naming import names
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.routing.matching import Matcher, parsed
from jwt_pizza.ops.routing.model import Silence, SilenceKind, SilencePlan
from jwt_pizza.ops.routing.service import RoutingDesk
from jwt_pizza.web.site import go

_HOURS: Final = (1, 2, 4, 8, 24, 72, 168, 720)


class Quiet(msgspec.Struct, frozen=True):
    """`state`: now, later, over or ended, before its time."""

    silence: Silence
    matchers: str
    by: str
    state: str


@get("/silences")
async def silences(
    visit: Given[Visit],
    routing_desk: Given[RoutingDesk],
    people_desk: Given[PeopleDesk],
    clock: Given[Clock],
    ended: FromQuery[bool] = False,
    matchers: FromQuery[str] = "",
) -> Template:
    """`matchers`: to be proposed, as links on alerts do."""
    form = {"matchers": matchers[:2000]} if matchers else {}
    return await _page(visit, routing_desk, people_desk, clock.now(), ended=ended, form=form)


@post("/silences", status_code=200)
async def silence(
    visit: Given[Visit], routing_desk: Given[RoutingDesk], people_desk: Given[PeopleDesk], clock: Given[Clock]
) -> Template | Redirect:
    form = await visit.form()
    try:
        await routing_desk.silence(_plan(form), by=actor_of(visit.person.id))
    except Refusal as refusal:
        return await _page(visit, routing_desk, people_desk, clock.now(), refusal=refusal, form=form)
    return go("/silences")


@post("/silences/{silence_id:int}/end", status_code=200)
async def end(silence_id: FromPath[int], visit: Given[Visit], routing_desk: Given[RoutingDesk]) -> Redirect:
    await routing_desk.end_silence(known(silence_id), by=actor_of(visit.person.id))
    return go("/silences")


async def _page(
    visit: Visit,
    routing_desk: RoutingDesk,
    people_desk: PeopleDesk,
    now: datetime,
    *,
    ended: bool = False,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Template:
    naming = names(await people_desk.roster())
    found = await routing_desk.silences(ended=ended)
    return visit.draw(
        "silences",
        "silences",
        refusal=refusal,
        form=form,
        silences=[_shown(each, now, by(each.created_by, naming)) for each in found],
        ended=ended,
        hours=_HOURS,
    )


def _shown(silence: Silence, now: datetime, whose: str) -> Quiet:
    if silence.ended_at is not None:
        state = "ended"
    elif silence.ends_at <= now:
        state = "over"
    else:
        state = "now" if silence.mutes_at(now) else "later"
    return Quiet(silence, written(silence.matchers), whose, state)


def written(matchers: Sequence[Matcher]) -> str:
    """As people type them."""
    return ", ".join(map(str, matchers))


def _plan(form: Form) -> SilencePlan:
    starts = form.get("starts", "").strip()
    plan = SilencePlan(
        matchers=parsed(form.get("matchers", "")),
        kind=one_of(form, "kind", get_args(SilenceKind), "the kind"),
        starts_at=local_time(starts, "the beginning").replace(tzinfo=UTC) if starts else None,
        seconds=picked(form, "hours", "for how long") * 3600.0,
        comment=form.get("comment", "").strip(),
    )
    return strict(plan)


router = Router("/", route_handlers=[silences, silence, end])
