"""Escalation chains, step by step. Each change is stored at once; groups that escalate keep what they began with."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.ops.chains import editing
from jwt_pizza.ops.chains.model import AnyStep, Chain, Draft, GoToStep
from jwt_pizza.ops.chains.service import ChainDesk
from jwt_pizza.ops.console.fields import Form, known, picked, sure, whole
from jwt_pizza.ops.console.setup.steps import DAYS, KINDS, Names, in_words, kind_of, read
from jwt_pizza.ops.console.setup.visit import Visit
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.routing.service import RoutingDesk
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.web.site import go

_MOST_STEPS = 100


class Told(msgspec.Struct, frozen=True):
    """A chain in words; `routes` that lead to it."""

    chain: Chain
    steps: Sequence[str]
    routes: Sequence[str]


class Edited(msgspec.Struct, frozen=True):
    """What is put in at `place`, or, with `step`, what is changed there."""

    place: int
    kind: str
    step: AnyStep | None = None


class Desks(msgspec.Struct, frozen=True):
    chains: ChainDesk
    people: PeopleDesk
    schedules: ScheduleDesk
    routing: RoutingDesk

    async def names(self) -> Names:
        roster = await self.people.roster()
        return Names(
            {each.person.id: each.person.name for each in roster.people.values() if not each.person.operates},
            {team.id: team.name for team in roster.teams.values()},
            {schedule.id: schedule.name for schedule in await self.schedules.all()},
        )


async def desks_of(
    chain_desk: Given[ChainDesk],
    people_desk: Given[PeopleDesk],
    schedule_desk: Given[ScheduleDesk],
    routing_desk: Given[RoutingDesk],
) -> Desks:
    return Desks(chain_desk, people_desk, schedule_desk, routing_desk)


@get("/chains")
async def chains(visit: Given[Visit], desks: Given[Desks]) -> Template:
    return await _list(visit, desks)


@post("/chains", status_code=200)
async def add(visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    form = await visit.form()
    try:
        team = picked(form, "team", "a team")
        steps = editing.usual(picked(form, "schedule", "a schedule"), team)
        added = await desks.chains.add(visit.person, Draft(team_id=team, name=form.get("name", ""), steps=steps))
    except Refusal as refusal:
        return await _list(visit, desks, refusal, form)
    return go(f"/chains/{added.id}")


@get("/chains/{chain_id:int}")
async def one(
    chain_id: FromPath[int],
    visit: Given[Visit],
    desks: Given[Desks],
    kind: FromQuery[str] = "",
    place: Annotated[int | None, QueryParameter(ge=0, le=_MOST_STEPS)] = None,
    change: Annotated[int | None, QueryParameter(ge=0, le=_MOST_STEPS)] = None,
) -> Template:
    """`kind` and `place`: the fields for a new step there. `change`: those of the step there."""
    chain = await desks.chains.get(known(chain_id))
    edited = None
    if change is not None and change < len(chain.steps):
        edited = Edited(change, kind_of(chain.steps[change]), chain.steps[change])
    elif kind in KINDS:
        edited = Edited(len(chain.steps) if place is None else min(place, len(chain.steps)), kind)
    return await _one(visit, desks, chain, edited)


@post("/chains/{chain_id:int}", status_code=200)
async def rename(chain_id: FromPath[int], visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    form = await visit.form()
    chain = await desks.chains.get(known(chain_id))
    try:
        if form.get("verb") == "remove":
            sure(form)
            await desks.chains.remove(visit.person, chain_id)
            return go("/chains")
        draft = Draft(team_id=picked(form, "team", "a team"), name=form.get("name", ""), steps=chain.steps)
        await desks.chains.change(visit.person, chain_id, draft)
    except Refusal as refusal:
        return await _one(visit, desks, chain, refusal=refusal)
    return go(f"/chains/{chain_id}")


@post("/chains/{chain_id:int}/steps", status_code=200)
async def steps(chain_id: FromPath[int], visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    """`verb`: put in, change, remove, raise; `place`: where. `seen`: how many steps there were, since others may have
    changed the chain meanwhile."""
    form = await visit.form()
    chain = await desks.chains.get(known(chain_id))
    edited = None
    try:
        if whole(form, "seen", "how many steps there were") != len(chain.steps):
            raise Invalid("somebody else has changed this chain: look at it as it is now, and try again")
        place = whole(form, "place", "the place")
        verb = form.get("verb", "")
        if verb in {"insert", "change"}:
            edited = Edited(place, form.get("kind", ""), _at(chain, place) if verb == "change" else None)
            step = read(form, list((await desks.names()).people))
            edit = editing.inserted if verb == "insert" else editing.replaced
            changed = edit(chain.steps, step, place)
        elif verb == "remove":
            changed = editing.removed(chain.steps, place)
        elif verb == "raise":
            changed = editing.raised(chain.steps, place)
        else:
            raise NotFound("a step is put in, changed, removed or raised")
        if len(changed) > _MOST_STEPS:
            raise Invalid(f"a chain has at most {_MOST_STEPS} steps")
        await desks.chains.change(visit.person, chain_id, Draft(team_id=chain.team_id, name=chain.name, steps=changed))
    except Refusal as refusal:
        return await _one(visit, desks, chain, edited, refusal=refusal, form=form)
    return go(f"/chains/{chain_id}")


async def _list(visit: Visit, desks: Desks, refusal: Refusal | None = None, form: Form | None = None) -> Template:
    names = await desks.names()
    routes = await desks.routing.routes()
    return visit.draw(
        "chains",
        "chains",
        refusal=refusal,
        form=form,
        chains=[
            Told(
                chain,
                [in_words(step, names) for step in chain.steps],
                [route.name for route in routes if route.chain_id == chain.id],
            )
            for chain in await desks.chains.all()
        ],
        names=names,
    )


async def _one(
    visit: Visit,
    desks: Desks,
    chain: Chain,
    edited: Edited | None = None,
    *,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Template:
    names = await desks.names()
    return visit.draw(
        "chain",
        "chains",
        refusal=refusal,
        form=_typed(edited.step if edited else None, form),
        chain=chain,
        steps=[in_words(step, names) for step in chain.steps],
        endless=isinstance(chain.steps[-1], GoToStep) and chain.steps[-1].times is None,
        edited=edited if visit.person.manages and edited is not None and edited.kind in KINDS else None,
        kinds=KINDS,
        days=DAYS,
        names=names,
    )


def _typed(step: AnyStep | None, form: Form | None) -> Form:
    """What the fields of a step hold: what was typed, or what is stored."""
    if form is not None:
        return form
    if step is None:
        return {}
    held = {name: str(value) for name, value in msgspec.structs.asdict(step).items() if value is not None}
    renamed = {"team_id": "team", "schedule_id": "schedule", "time_zone": "zone"}
    found = {renamed.get(name, name): value for name, value in held.items()}
    found |= {f"person-{person_id}": "yes" for person_id in getattr(step, "person_ids", ())}
    found |= {f"day-{day}": "yes" for day in getattr(step, "weekdays", ())}
    if "seconds" in found:
        found["minutes"] = f"{-(-float(found['seconds']) // 60):g}"
    return found


def _at(chain: Chain, place: int) -> AnyStep | None:
    return chain.steps[place] if place < len(chain.steps) else None


router = Router("/", route_handlers=[chains, add, one, rename, steps], dependencies={"desks": desks_of})
