"""Alert groups over HTTP: a state change is a noun."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, JSONBody, QueryParameter

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wire import LARGEST_ID, Id, Wire
from jwt_pizza.ops.alerts.model import Alert, Group, Severity, Told, Wanted
from jwt_pizza.ops.alerts.service import GroupDesk
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.events.telling import sentence
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.naming import names
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.web.api import BEARER, PathId


class Found(Wire, frozen=True):
    """The newest first. `more`: ask again with `before` = the last id."""

    groups: Sequence[Group]
    more: bool


class ToldEvent(Told, frozen=True):
    """`text`: the fact as a sentence."""

    text: str


class GroupStory(Wire, frozen=True):
    group: Group
    alerts: Sequence[Alert]
    events: Sequence[ToldEvent]


class QuietTime(Wire, frozen=True, forbid_unknown_fields=True):
    """Either of them."""

    seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Assignment(Wire, frozen=True, forbid_unknown_fields=True):
    person_id: Id


@get("/api/groups", security=BEARER, summary="Alert groups, the newest first")
async def groups(
    person: Given[Person],  # noqa: ARG001
    group_desk: Given[GroupDesk],
    status: FromQuery[Literal["open", "firing", "acknowledged", "resolved"] | None] = None,
    severity: FromQuery[Severity | None] = None,
    route: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
    text: Annotated[str, QueryParameter(max_length=100)] = "",
    since: FromQuery[datetime | None] = None,
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Found:
    if since is not None and since.tzinfo is None:
        raise Invalid("since: a time zone is missing: write for example 2025-04-08T15:25:00Z")
    wanted = Wanted(
        status=status,
        severity=severity,
        route_id=route,
        text=text.replace("\0", ""),
        since=since,
        before=before,
        limit=limit + 1,
    )
    found = await group_desk.find(wanted)
    return Found(groups=found[:limit], more=len(found) > limit)


@get("/api/groups/{group_id:int}", security=BEARER, summary="A group with its alerts and all that happened")
async def group(
    group_id: PathId,
    person: Given[Person],  # noqa: ARG001
    group_desk: Given[GroupDesk],
    people_desk: Given[PeopleDesk],
) -> GroupStory:
    story = await group_desk.story(group_id)
    naming = names(await people_desk.roster())
    told = [
        ToldEvent(at=each.at, actor=each.actor, fact=each.fact, text=sentence(each.fact, each.actor, naming))
        for each in story.events
    ]
    return GroupStory(group=story.group, alerts=story.alerts, events=told)


@post(
    "/api/groups/{group_id:int}/acknowledgement", status_code=200, security=BEARER, summary="Somebody is at it: quiet"
)
async def acknowledge(group_id: PathId, person: Given[Person], group_desk: Given[GroupDesk]) -> Group:
    return await group_desk.acknowledge(group_id, by=actor_of(person.id), via="api")


@delete(
    "/api/groups/{group_id:int}/acknowledgement", status_code=200, security=BEARER, summary="Take it back: it pages"
)
async def unacknowledge(group_id: PathId, person: Given[Person], group_desk: Given[GroupDesk]) -> Group:
    return await group_desk.unacknowledge(group_id, by=actor_of(person.id), via="api")


@post("/api/groups/{group_id:int}/resolution", status_code=200, security=BEARER, summary="It is over")
async def resolve(group_id: PathId, person: Given[Person], group_desk: Given[GroupDesk]) -> Group:
    return await group_desk.resolve(group_id, by=actor_of(person.id), via="api")


@post("/api/groups/{group_id:int}/silence", status_code=200, security=BEARER, summary="Page nobody for a time")
async def silence(
    group_id: PathId, data: JSONBody[QuietTime], person: Given[Person], group_desk: Given[GroupDesk]
) -> Group:
    by = actor_of(person.id)
    if data.until is not None and data.seconds is None:
        return await group_desk.silence(group_id, data.until, by=by, via="api")
    if data.seconds is not None and data.until is None:
        return await group_desk.silence_for(group_id, data.seconds, by=by, via="api")
    raise Invalid("say either seconds or until")


@delete("/api/groups/{group_id:int}/silence", status_code=200, security=BEARER, summary="Page again at once")
async def unsilence(group_id: PathId, person: Given[Person], group_desk: Given[GroupDesk]) -> Group:
    return await group_desk.unsilence(group_id, by=actor_of(person.id), via="api")


@post("/api/groups/{group_id:int}/escalation", status_code=200, security=BEARER, summary="Take the next step now")
async def escalate(group_id: PathId, person: Given[Person], group_desk: Given[GroupDesk]) -> Group:
    return await group_desk.escalate(group_id, by=actor_of(person.id), via="api")


@post("/api/groups/{group_id:int}/assignment", status_code=200, security=BEARER, summary="Page this person instead")
async def assign(
    group_id: PathId, data: JSONBody[Assignment], person: Given[Person], group_desk: Given[GroupDesk]
) -> Group:
    return await group_desk.assign(group_id, data.person_id, by=actor_of(person.id), via="api")


router = Router(
    "/",
    route_handlers=[groups, group, acknowledge, unacknowledge, resolve, silence, unsilence, escalate, assign],
    tags=["groups"],
)
