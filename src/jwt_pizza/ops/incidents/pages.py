"""The console's pages of incidents: what happened, whom it hurt, and the verbs at thumb height. Forms only."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.ops.events.model import STATUS_PAGE, Changed, Happening, Recorded
from jwt_pizza.ops.events.of_incidents import ActionRun, ArtefactPasted
from jwt_pizza.ops.events.telling import Naming, kind_of, sentence
from jwt_pizza.ops.incidents.amends import AmendsOffice, explained
from jwt_pizza.ops.incidents.amends_routes import csv_of
from jwt_pizza.ops.incidents.lookout import IncidentLookout
from jwt_pizza.ops.incidents.model import ROLES, Incident
from jwt_pizza.ops.incidents.remote import Actor, acting
from jwt_pizza.ops.incidents.runbooks import Runbooks
from jwt_pizza.ops.incidents.service import (
    ArtefactEntry,
    CommandEntry,
    ConfirmationEntry,
    DeploymentEntry,
    IncidentDesk,
    NoteEntry,
)
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.naming import names
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.telemetry.model import Action
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, read_form
from jwt_pizza.web.site import sentence as spoken

_SHOWN: Final = 50
_FAILURES: Final = 20
Form = Mapping[str, str]


class Office(msgspec.Struct, frozen=True):
    """All that these pages act with."""

    desk: IncidentDesk
    lookout: IncidentLookout
    runbooks: Runbooks
    amends: AmendsOffice
    people: PeopleDesk


def office(
    incident_desk: Given[IncidentDesk],
    incident_lookout: Given[IncidentLookout],
    runbooks: Given[Runbooks],
    amends_office: Given[AmendsOffice],
    people_desk: Given[PeopleDesk],
) -> Office:
    return Office(incident_desk, incident_lookout, runbooks, amends_office, people_desk)


Verb = Callable[[Office, int, Actor, Form], Awaitable[object]]


@get("/incidents")
async def incidents(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001 - 401
    office: Given[Office],
    wanted: Annotated[Literal["open", "resolved", "reviewed", "all"], QueryParameter(name="state")] = "open",
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
) -> Template:
    return await _list(request, site, office, wanted, before)


@post("/incidents", status_code=200)
async def declare(
    request: AnyRequest, site: Given[Site], person: Given[Person], office: Given[Office]
) -> Template | Redirect:
    form = await read_form(request)
    try:
        declared = await office.desk.declare(
            acting(person),
            title=form.get("title", ""),
            severity=_severity(form.get("severity", "")),
            started_at=_moment(form.get("started", "")),
            group_id=_whole(form, "group") if form.get("group") else None,
            key=None,
            via="console",
        )
    except Refusal as refusal:
        return await _list(request, site, office, "open", None, refusal, form)
    return go(f"/incidents/{declared.id}")


@get("/incidents/{incident_id:int}")
async def incident(
    incident_id: FromPath[int], request: AnyRequest, site: Given[Site], person: Given[Person], office: Given[Office]
) -> Template:
    return await _incident(request, site, office, person, incident_id)


@get("/incidents/{incident_id:int}/orders.csv")
async def hurt_orders(incident_id: FromPath[int], person: Given[Person], office: Given[Office]) -> Response[bytes]:
    return csv_of(incident_id, await office.amends.hurt_orders(_known(incident_id), acting(person)))


@post("/incidents/{incident_id:int}/{verb:str}", status_code=200)
async def act(
    incident_id: FromPath[int],
    verb: FromPath[str],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    office: Given[Office],
) -> Template | Redirect:
    perform = _VERBS.get(verb)
    if perform is None:
        raise NotFound(f"an incident knows {', '.join(_VERBS)}")
    try:
        done = await perform(office, _known(incident_id), acting(person), await read_form(request))
    except Refusal as refusal:
        if refusal.status == 404 and verb not in _SHOWN_WHEN_MISSING:
            raise
        return await _incident(request, site, office, person, incident_id, refusal)
    return go(f"/incidents/{done.id if isinstance(done, Incident) else incident_id}")


async def _list(
    request: AnyRequest,
    site: Site,
    office: Office,
    state: str,
    before: int | None,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Template:
    found = await office.desk.find(state=None if state == "all" else state, before=before, take=_SHOWN + 1)
    return site.draw(
        request,
        "incidents/incidents.html",
        status=refusal.status if refusal else 200,
        problem=spoken(refusal.message) if refusal else "",
        form=form or {},
        incidents=found[:_SHOWN],
        more=len(found) > _SHOWN,
        shown=state,
        place="incidents",
    )


async def _incident(
    request: AnyRequest,
    site: Site,
    office: Office,
    person: Person,
    incident_id: int,
    refusal: Refusal | None = None,
) -> Template:
    found = await office.desk.get(_known(incident_id))
    roster = await office.people.roster()
    naming = names(roster)
    failures, trouble = await _failures(office, found, acting(person))
    events = await office.desk.timeline(incident_id)
    return site.draw(
        request,
        "incidents/incident.html",
        status=refusal.status if refusal else 200,
        problem=spoken(refusal.message) if refusal else trouble,
        incident=found,
        impact=found.impact,
        amends=found.amends,
        failures=failures,
        explanation=found.amends.explanation if found.amends else explained(found),
        manages=person.manages,
        offers=await office.runbooks.offers(incident_id),
        follow_ups=await office.desk.follow_ups(incident_id),
        done={event.fact.action for event in events if isinstance(event.fact, ActionRun) and event.fact.good},
        ran=_ran(events, naming),
        customers_read=_customers_read(events),
        timeline=[_line(event, naming) for event in events],
        roles=[(role, about, found.roles.get(role)) for role, about in ROLES.items()],
        naming=naming,
        people=sorted((each.person for each in roster.people.values()), key=lambda each: each.name.casefold()),
        place="incidents",
    )


async def _failures(office: Office, incident: Incident, actor: Actor) -> tuple[list[Any], str]:
    """Of amends; and why they cannot be shown."""
    plan = incident.amends
    if plan is None or not plan.failures:
        return [], ""
    try:
        return list((await office.amends.failures(incident.id, actor))[:_FAILURES]), ""
    except Refusal as refusal:
        return [], spoken(refusal.message)


def _ran(events: Sequence[Recorded], naming: Naming) -> dict[str, object] | None:
    """What came of the last action, told beside the buttons: the timeline is far below them on a phone. Nothing once
    somebody has done something else."""
    for event in reversed(events):
        if isinstance(event.fact, ActionRun):
            return {"good": event.fact.good, "text": sentence(event.fact, event.actor, naming)}
        if event.actor.startswith("person:") and event.incident_id is not None:
            return None
    return None


def _customers_read(events: Sequence[Recorded]) -> str:
    """The state of the last public update, such as `investigating`; empty when there was none or it was the last."""
    told = [event.fact for event in events if isinstance(event.fact, Changed) and event.fact.what == STATUS_PAGE]
    states = [fact.change.partition(":")[0] for fact in told if ":" in fact.change]
    return states[-1] if states and states[-1] != "resolved" else ""


def _line(event: Recorded, naming: Naming) -> tuple[datetime, str, str, str]:
    """When, what kind, the sentence, and what was kept as evidence."""
    more = ""
    if isinstance(event.fact, ArtefactPasted):
        more = event.fact.content
    elif isinstance(event.fact, ActionRun):
        more = event.fact.evidence
    kind = kind_of(event.fact)
    if isinstance(event.fact, Happening):
        kind += f" {event.fact.what}"
    return event.at, kind, sentence(event.fact, event.actor, naming), more


def _known(incident_id: int) -> int:
    if not 1 <= incident_id <= LARGEST_ID:
        raise NotFound(f"there is no incident {incident_id}")
    return incident_id


async def _run(office: Office, incident_id: int, actor: Actor, form: Form) -> object:
    try:
        action = msgspec.convert(form.get("action", ""), Action)
    except msgspec.ValidationError:
        raise Invalid("there is no such action") from None
    return await office.runbooks.run(incident_id, action, actor)


async def _role(office: Office, incident_id: int, actor: Actor, form: Form) -> object:
    role = next((role for role in ROLES if role == form.get("role")), None)
    if role is None:
        raise Invalid(f"role must be one of {', '.join(ROLES)}")
    person_id = _whole(form, "person") if form.get("person") else None
    return await office.desk.give_role(incident_id, role, person_id, actor)


async def _add(office: Office, incident_id: int, actor: Actor, form: Form) -> object:
    first, second = form.get("text", ""), form.get("more", "")
    match form.get("kind"):
        case "note":
            entry: Any = NoteEntry(text=f"{first}\n{second}" if second else first)
        case "artefact":
            entry = ArtefactEntry(name=first, content=second)
        case "command":
            entry = CommandEntry(command=first, outcome=second)
        case "deployment":
            entry = DeploymentEntry(what=first, version=second)
        case "confirmation":
            entry = ConfirmationEntry(text=first)
        case _:
            raise Invalid("kind must be note, artefact, command, deployment or confirmation")
    return await office.desk.add(incident_id, entry, actor)


async def _follow_up(office: Office, incident_id: int, actor: Actor, form: Form) -> object:
    if form.get("follow_up"):
        state = form.get("state")
        if state not in {"open", "done", "dropped"}:
            raise Invalid("state must be open, done or dropped")
        return await office.desk.close_follow_up(_whole(form, "follow_up"), msgspec.convert(state, Any), actor)
    try:
        due = date.fromisoformat(form["due"]) if form.get("due") else None
    except ValueError:
        raise Invalid("due must be a day such as 2025-05-01") from None
    owner = _whole(form, "owner") if form.get("owner") else None
    return await office.desk.add_follow_up(incident_id, form.get("text", ""), owner_id=owner, due_on=due, actor=actor)


def _severity(word: str) -> Any:  # noqa: ANN401 - a Severity or None
    if word not in {"", "critical", "major", "minor"}:
        raise Invalid("severity must be critical, major or minor")
    return word or None


def _moment(word: str) -> datetime | None:
    """In UTC, as a form's field of a date and a time sends it."""
    if not word:
        return None
    try:
        return datetime.fromisoformat(f"{word}+00:00")
    except ValueError:
        raise Invalid("the beginning must be a time in UTC such as 2025-04-08T15:25") from None


def _whole(form: Form, name: str) -> int:
    word = form.get(name, "")
    if not (word.isascii() and word.isdecimal() and len(word) <= 15):
        raise Invalid(f"{name} must be a number")
    return int(word)


_SHOWN_WHEN_MISSING: Final = frozenset({"link", "unlink", "merge", "follow-up", "run", "approve", "start", "retry"})
"""What is not found is something else than the incident."""
_VERBS: Final[Mapping[str, Verb]] = {
    "acknowledge": lambda office, number, actor, _: office.desk.acknowledge(number, actor, via="console"),
    "mitigate": lambda office, number, actor, form: office.desk.mitigate(
        number, actor, moment=_moment(form.get("at", "")), because=form.get("because", ""), via="console"
    ),
    "resolve": lambda office, number, actor, _: office.desk.resolve(number, actor, via="console"),
    "review": lambda office, number, actor, _: office.desk.review(number, actor, via="console"),
    "assess": lambda office, number, actor, form: office.desk.assess(
        number, _severity(form.get("severity", "")), actor
    ),
    "rename": lambda office, number, actor, form: office.desk.rename(number, form.get("title", ""), actor),
    "role": _role,
    "link": lambda office, number, actor, form: office.desk.link_group(number, _whole(form, "group"), actor),
    "unlink": lambda office, number, actor, form: office.desk.unlink_group(number, _whole(form, "group"), actor),
    "merge": lambda office, number, actor, form: office.desk.merge(number, _whole(form, "into"), actor),
    "add": _add,
    "follow-up": _follow_up,
    "run": _run,
    "measure": lambda office, number, _, __: office.lookout.measure(number),
    "plan": lambda office, number, actor, form: office.amends.plan(
        number, actor, explanation=form.get("explanation", "")
    ),
    "approve": lambda office, number, actor, _: office.amends.approve(number, actor),
    "start": lambda office, number, actor, _: office.amends.start(number, actor),
    "retry": lambda office, number, actor, _: office.amends.retry(number, actor),
}

router = Router("/", route_handlers=[incidents, declare, incident, hurt_orders, act])
