"""The console: what fires, its story, and the verbs at thumb height."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final, Literal

from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import NotFound, Refusal
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.ops.alerts.model import Group, Via, Wanted
from jwt_pizza.ops.alerts.service import GroupDesk
from jwt_pizza.ops.console.fields import picked
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.events.telling import by, kind_of, sentence
from jwt_pizza.ops.incidents.service import IncidentDesk
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.naming import names
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.routing.matching import Labels, Matcher
from jwt_pizza.ops.routing.service import RoutingDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, read_form
from jwt_pizza.web.site import sentence as spoken

_SHOWN: Final = 50
_HOURS: Final = (1, 4, 24)
_VIA: Final[Via] = "console"
_TYPED: Final = re.compile(r"[\w.:/-]+", re.ASCII)
"""Labels that can be typed without quotes."""
Verb = Callable[[GroupDesk, int, str, Mapping[str, str]], Awaitable[Group]]


@get("/groups")
async def groups(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001 - 401, and the header shows who it is
    group_desk: Given[GroupDesk],
    routing_desk: Given[RoutingDesk],
    status: FromQuery[Literal["open", "resolved", "all"]] = "open",
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
) -> Template:
    wanted = Wanted(status=None if status == "all" else status, before=before, limit=_SHOWN + 1)
    found = await group_desk.find(wanted)
    return site.draw(
        request,
        "console/groups.html",
        groups=found[:_SHOWN],
        more=len(found) > _SHOWN,
        shown=status,
        quiet=len(await routing_desk.silences()),
        place="alerts",
    )


@get("/groups/{group_id:int}")
async def group(
    group_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001
    group_desk: Given[GroupDesk],
    people_desk: Given[PeopleDesk],
    incident_desk: Given[IncidentDesk],
) -> Template:
    return await _group(request, site, group_desk, people_desk, incident_desk, group_id)


@post("/groups/{group_id:int}/{verb:str}", status_code=200)
async def act(
    group_id: FromPath[int],
    verb: FromPath[str],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    group_desk: Given[GroupDesk],
    people_desk: Given[PeopleDesk],
    incident_desk: Given[IncidentDesk],
) -> Template | Redirect:
    perform = _VERBS.get(verb)
    if perform is None or not 1 <= group_id <= LARGEST_ID:
        raise NotFound(f"an alert group knows {', '.join(_VERBS)}")
    try:
        await perform(group_desk, group_id, actor_of(person.id), await read_form(request))
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return await _group(request, site, group_desk, people_desk, incident_desk, group_id, refusal)
    return go(f"/groups/{group_id}")


async def _group(
    request: AnyRequest,
    site: Site,
    group_desk: GroupDesk,
    people_desk: PeopleDesk,
    incident_desk: IncidentDesk,
    group_id: int,
    refusal: Refusal | None = None,
) -> Template:
    if not 1 <= group_id <= LARGEST_ID:
        raise NotFound(f"there is no alert group {group_id}")
    story = await group_desk.story(group_id)
    roster = await people_desk.roster()
    naming = names(roster)
    return site.draw(
        request,
        "console/group.html",
        status=refusal.status if refusal else 200,
        problem=spoken(refusal.message) if refusal else "",
        group=story.group,
        by_whom=by(story.group.resolved_by or story.group.acknowledged_by or "", naming),
        alerts=story.alerts,
        timeline=[(told.at, kind_of(told.fact), sentence(told.fact, told.actor, naming)) for told in story.events],
        people=sorted((found.person for found in roster.people.values()), key=lambda each: each.name.casefold()),
        hours=_HOURS,
        like=_like,
        incident=await incident_desk.of_group(group_id),
        place="alerts",
    )


def _like(labels: Labels) -> str:
    """Matchers for what has the same labels, however severe it is."""
    names = sorted(name for name in labels if name != "severity" and _TYPED.fullmatch(name))
    return ", ".join(str(Matcher(name, "=", labels[name])) for name in names)


async def _silence(desk: GroupDesk, group_id: int, by: str, form: Mapping[str, str]) -> Group:
    return await desk.silence_for(group_id, picked(form, "hours", "for how many hours") * 3600, by=by, via=_VIA)


async def _assign(desk: GroupDesk, group_id: int, by: str, form: Mapping[str, str]) -> Group:
    return await desk.assign(group_id, picked(form, "person", "to whom"), by=by, via=_VIA)


_VERBS: Final[Mapping[str, Verb]] = {
    "acknowledge": lambda desk, group_id, by, _: desk.acknowledge(group_id, by=by, via=_VIA),
    "unacknowledge": lambda desk, group_id, by, _: desk.unacknowledge(group_id, by=by, via=_VIA),
    "resolve": lambda desk, group_id, by, _: desk.resolve(group_id, by=by, via=_VIA),
    "escalate": lambda desk, group_id, by, _: desk.escalate(group_id, by=by, via=_VIA),
    "silence": _silence,
    "unsilence": lambda desk, group_id, by, _: desk.unsilence(group_id, by=by, via=_VIA),
    "assign": _assign,
}

router = Router("/", route_handlers=[groups, group, act])
