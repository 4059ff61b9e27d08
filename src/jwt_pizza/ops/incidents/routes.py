"""Incidents over HTTP: a state change is a noun."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from jwt_pizza.kernel.wire import LARGEST_ID, Id, Wire
from jwt_pizza.ops.events.model import AnyFact
from jwt_pizza.ops.events.telling import sentence
from jwt_pizza.ops.incidents.lookout import IncidentLookout
from jwt_pizza.ops.incidents.model import FollowUp, FollowUpState, Incident, Role, Severity, State
from jwt_pizza.ops.incidents.remote import acting
from jwt_pizza.ops.incidents.runbooks import Offer, Outcome, Runbooks
from jwt_pizza.ops.incidents.service import AnyEntry, IncidentDesk
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.naming import names
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.telemetry.model import Action
from jwt_pizza.web.api import BEARER, PathId

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class FoundIncidents(Wire, frozen=True):
    """The newest first. `more`: ask again with `before` = the last id."""

    incidents: Sequence[Incident]
    more: bool


class TimelineEvent(Wire, frozen=True):
    """`incident_id`: of what was done to the incident itself; `group_id`: of what one of its alert groups did. `text`:
    the fact as a sentence."""

    id: int
    at: datetime
    actor: str
    text: str
    group_id: int | None
    incident_id: int | None
    fact: AnyFact


class IncidentStory(Wire, frozen=True):
    incident: Incident
    follow_ups: Sequence[FollowUp]
    actions: Sequence[Offer]
    events: Sequence[TimelineEvent]


class NewIncident(Wire, frozen=True, forbid_unknown_fields=True):
    """`started_at`: when the harm began, if that is known. `group_id`: the alert group that it is about."""

    title: str
    severity: Severity | None = None
    started_at: _Moment | None = None
    group_id: Id | None = None


class Mitigation(Wire, frozen=True, forbid_unknown_fields=True):
    """`at`: when the harm stopped; now, if it is absent."""

    at: _Moment | None = None
    because: str = ""


class Assessment(Wire, frozen=True, forbid_unknown_fields=True):
    """null: what is measured counts again."""

    severity: Severity | None


class Title(Wire, frozen=True, forbid_unknown_fields=True):
    title: str


class Bearer(Wire, frozen=True, forbid_unknown_fields=True):
    """null: nobody."""

    person_id: Id | None


class Merge(Wire, frozen=True, forbid_unknown_fields=True):
    into: Id


class NewFollowUp(Wire, frozen=True, forbid_unknown_fields=True):
    text: str
    owner_id: Id | None = None
    due_on: date | None = None


class Closing(Wire, frozen=True, forbid_unknown_fields=True):
    state: FollowUpState


@get("/api/incidents", security=BEARER, summary="Incidents, the newest first")
async def incidents(
    person: Given[Person],  # noqa: ARG001
    incident_desk: Given[IncidentDesk],
    wanted: Annotated[State | Literal["open"] | None, QueryParameter(name="state")] = None,
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> FoundIncidents:
    found = await incident_desk.find(state=wanted, before=before, take=limit + 1)
    return FoundIncidents(incidents=found[:limit], more=len(found) > limit)


@post("/api/incidents", status_code=200, security=BEARER, summary="Declare an incident")
async def declare(
    data: JSONBody[NewIncident],
    person: Given[Person],
    incident_desk: Given[IncidentDesk],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Incident:
    return await incident_desk.declare(
        acting(person),
        title=data.title,
        severity=data.severity,
        started_at=data.started_at,
        group_id=data.group_id,
        key=idempotency_key,
        via="api",
    )


@get("/api/incidents/{incident_id:int}", security=BEARER, summary="An incident with all that happened")
async def incident(
    incident_id: PathId,
    person: Given[Person],  # noqa: ARG001
    incident_desk: Given[IncidentDesk],
    people_desk: Given[PeopleDesk],
    runbooks: Given[Runbooks],
) -> IncidentStory:
    found = await incident_desk.get(incident_id)
    naming = names(await people_desk.roster())
    return IncidentStory(
        incident=found,
        follow_ups=await incident_desk.follow_ups(incident_id),
        actions=await runbooks.offers(incident_id),
        events=[
            TimelineEvent(
                id=event.id,
                at=event.at,
                actor=event.actor,
                text=sentence(event.fact, event.actor, naming),
                group_id=event.group_id,
                incident_id=event.incident_id,
                fact=event.fact,
            )
            for event in await incident_desk.timeline(incident_id)
        ],
    )


@post("/api/incidents/{incident_id:int}/acknowledgement", status_code=200, security=BEARER, summary="Somebody is at it")
async def acknowledge(incident_id: PathId, person: Given[Person], incident_desk: Given[IncidentDesk]) -> Incident:
    return await incident_desk.acknowledge(incident_id, acting(person), via="api")


@post("/api/incidents/{incident_id:int}/mitigation", status_code=200, security=BEARER, summary="The harm has stopped")
async def mitigate(
    incident_id: PathId, data: JSONBody[Mitigation], person: Given[Person], incident_desk: Given[IncidentDesk]
) -> Incident:
    return await incident_desk.mitigate(incident_id, acting(person), moment=data.at, because=data.because, via="api")


@post("/api/incidents/{incident_id:int}/resolution", status_code=200, security=BEARER, summary="It is over")
async def resolve(incident_id: PathId, person: Given[Person], incident_desk: Given[IncidentDesk]) -> Incident:
    return await incident_desk.resolve(incident_id, acting(person), via="api")


@post("/api/incidents/{incident_id:int}/review", status_code=200, security=BEARER, summary="What follows is agreed")
async def review(incident_id: PathId, person: Given[Person], incident_desk: Given[IncidentDesk]) -> Incident:
    return await incident_desk.review(incident_id, acting(person), via="api")


@put("/api/incidents/{incident_id:int}/severity", security=BEARER, summary="How severe it is, by hand or as measured")
async def assess(
    incident_id: PathId, data: JSONBody[Assessment], person: Given[Person], incident_desk: Given[IncidentDesk]
) -> Incident:
    return await incident_desk.assess(incident_id, data.severity, acting(person))


@put("/api/incidents/{incident_id:int}/title", security=BEARER, summary="What it is called")
async def rename(
    incident_id: PathId, data: JSONBody[Title], person: Given[Person], incident_desk: Given[IncidentDesk]
) -> Incident:
    return await incident_desk.rename(incident_id, data.title, acting(person))


@put("/api/incidents/{incident_id:int}/roles/{role:str}", security=BEARER, summary="Who has a role in it")
async def give_role(
    incident_id: PathId,
    role: FromPath[Role],
    data: JSONBody[Bearer],
    person: Given[Person],
    incident_desk: Given[IncidentDesk],
) -> Incident:
    return await incident_desk.give_role(incident_id, role, data.person_id, acting(person))


@put("/api/incidents/{incident_id:int}/groups/{group_id:int}", security=BEARER, summary="An alert group is part of it")
async def link_group(
    incident_id: PathId, group_id: PathId, person: Given[Person], incident_desk: Given[IncidentDesk]
) -> Incident:
    return await incident_desk.link_group(incident_id, group_id, acting(person))


@delete(
    "/api/incidents/{incident_id:int}/groups/{group_id:int}",
    status_code=200,
    security=BEARER,
    summary="This alert group is no part of it",
)
async def unlink_group(
    incident_id: PathId, group_id: PathId, person: Given[Person], incident_desk: Given[IncidentDesk]
) -> Incident:
    return await incident_desk.unlink_group(incident_id, group_id, acting(person))


@post("/api/incidents/{incident_id:int}/merge", status_code=200, security=BEARER, summary="It is part of another one")
async def merge(
    incident_id: PathId, data: JSONBody[Merge], person: Given[Person], incident_desk: Given[IncidentDesk]
) -> Incident:
    return await incident_desk.merge(incident_id, data.into, acting(person))


@post("/api/incidents/{incident_id:int}/entries", status_code=200, security=BEARER, summary="Add to the timeline")
async def add(
    incident_id: PathId, data: JSONBody[AnyEntry], person: Given[Person], incident_desk: Given[IncidentDesk]
) -> Incident:
    return await incident_desk.add(incident_id, data, acting(person))


@post("/api/incidents/{incident_id:int}/follow-ups", status_code=200, security=BEARER, summary="To be done after it")
async def add_follow_up(
    incident_id: PathId, data: JSONBody[NewFollowUp], person: Given[Person], incident_desk: Given[IncidentDesk]
) -> FollowUp:
    return await incident_desk.add_follow_up(
        incident_id, data.text, owner_id=data.owner_id, due_on=data.due_on, actor=acting(person)
    )


@put("/api/follow-ups/{follow_up_id:int}", security=BEARER, summary="It is done, dropped, or open again")
async def close_follow_up(
    follow_up_id: PathId, data: JSONBody[Closing], person: Given[Person], incident_desk: Given[IncidentDesk]
) -> FollowUp:
    return await incident_desk.close_follow_up(follow_up_id, data.state, acting(person))


@post(
    "/api/incidents/{incident_id:int}/actions/{action:str}",
    status_code=200,
    security=BEARER,
    summary="Run an action of a runbook",
)
async def run_action(
    incident_id: PathId, action: FromPath[Action], person: Given[Person], runbooks: Given[Runbooks]
) -> Outcome:
    return await runbooks.run(incident_id, action, acting(person))


@post("/api/incidents/{incident_id:int}/impact", status_code=200, security=BEARER, summary="Measure it now")
async def impact(
    incident_id: PathId,
    person: Given[Person],  # noqa: ARG001
    incident_lookout: Given[IncidentLookout],
) -> Incident:
    return await incident_lookout.measure(incident_id)


router = Router(
    "/",
    route_handlers=[
        incidents,
        declare,
        incident,
        acknowledge,
        mitigate,
        resolve,
        review,
        assess,
        rename,
        give_role,
        link_group,
        unlink_group,
        merge,
        add,
        add_follow_up,
        close_follow_up,
        run_action,
        impact,
    ],
    tags=["incidents"],
)
