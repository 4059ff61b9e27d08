"""A schedule and its layers: who takes turns, for how long, from when on. What was typed can be looked at before it
holds."""

from collections.abc import Sequence
from typing import Final, get_args

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.ops.console.fields import Form, known, local_time, one_of, picked, strict, sure, whole
from jwt_pizza.ops.console.setup.steps import DAYS
from jwt_pizza.ops.console.setup.visit import Visit
from jwt_pizza.ops.people.service import PeopleDesk, must_manage
from jwt_pizza.ops.schedules.days import days
from jwt_pizza.ops.schedules.model import Schedule
from jwt_pizza.ops.schedules.rotation import Restriction, Rotation, Unit, checked
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.web.site import go

_PREVIEWED: Final = 14
_SPARE: Final = 3
"""Empty places for people, and one for a part of the week, that each layer's fields have."""
_MOST_PEOPLE: Final = 100
_MOST_PARTS: Final = 50


class Desks(msgspec.Struct, frozen=True):
    schedules: ScheduleDesk
    people: PeopleDesk
    clock: Clock


async def desks_of(schedule_desk: Given[ScheduleDesk], people_desk: Given[PeopleDesk], clock: Given[Clock]) -> Desks:
    return Desks(schedule_desk, people_desk, clock)


class Fields(msgspec.Struct, frozen=True):
    """A layer as its fields show it. `parts` of the week: from, until, and the days on which it begins."""

    name: str
    unit: str
    length: str
    starts: str
    ends: str
    people: Sequence[str]
    parts: Sequence[tuple[str, str, Sequence[bool]]]


@get("/on-call/new")
async def new(visit: Given[Visit], desks: Given[Desks]) -> Template:
    must_manage(visit.person)
    return await _new(visit, desks)


@post("/on-call/new", status_code=200)
async def add(visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    form = await visit.form()
    try:
        added = await desks.schedules.add(
            visit.person,
            team_id=picked(form, "team", "a team"),
            name=form.get("name", ""),
            time_zone=form.get("zone", "").strip(),
            layers=(),
            calendar_url=form.get("calendar", "").strip() or None,
        )
    except Refusal as refusal:
        return await _new(visit, desks, refusal, form)
    return go(f"/on-call/{added.id}")


@get("/on-call/{schedule_id:int}")
async def schedule(schedule_id: FromPath[int], visit: Given[Visit], desks: Given[Desks]) -> Template:
    return await _page(visit, desks, await desks.schedules.get(known(schedule_id)))


@post("/on-call/{schedule_id:int}", status_code=200)
async def change(schedule_id: FromPath[int], visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    """`verb`: save, renew the calendar's address, or remove."""
    form = await visit.form()
    found = await desks.schedules.get(known(schedule_id))
    try:
        match form.get("verb"):
            case "renew":
                await desks.schedules.new_feed_token(visit.person, schedule_id)
            case "remove":
                sure(form)
                await desks.schedules.remove(visit.person, schedule_id)
                return go("/on-call")
            case _:
                await desks.schedules.change(
                    visit.person,
                    schedule_id,
                    team_id=picked(form, "team", "a team"),
                    name=form.get("name", ""),
                    time_zone=form.get("zone", "").strip(),
                    calendar_url=form.get("calendar", "").strip(),
                )
    except Refusal as refusal:
        return await _page(visit, desks, found, refusal=refusal)
    return go(f"/on-call/{schedule_id}?done=saved")


@post("/on-call/{schedule_id:int}/layers", status_code=200)
async def layers(schedule_id: FromPath[int], visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    """`verb`: preview, save, raise or remove. `place` of the layer, one more than there are for a new one; `seen`: how
    many there were, since somebody else may have changed them meanwhile."""
    form = await visit.form()
    found = await desks.schedules.get(known(schedule_id))
    mine = list(found.lineup.layers)
    try:
        must_manage(visit.person)
        place = whole(form, "place", "the place")
        if whole(form, "seen", "how many layers there were") != len(mine) or place > len(mine):
            raise Invalid("somebody else has changed these layers: look at them as they are now, and try again")
        verb = form.get("verb", "")
        if verb in {"preview", "save"}:
            mine[place : place + 1] = [_rotation(form)]
        elif verb == "remove" and place < len(mine):
            mine.pop(place)
        elif verb == "raise" and 0 < place < len(mine):
            mine[place - 1 : place + 1] = [mine[place], mine[place - 1]]
        else:
            raise NotFound("a layer is previewed, saved, raised or removed")
        if verb == "preview":
            return await _page(visit, desks, found, form=form, previewed=mine)
        await desks.schedules.change(visit.person, schedule_id, layers=mine)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, desks, found, refusal=refusal, form=form)
    return go(f"/on-call/{schedule_id}?done=saved")


async def _new(visit: Visit, desks: Desks, refusal: Refusal | None = None, form: Form | None = None) -> Template:
    return visit.draw(
        "new_schedule",
        "calendar",
        refusal=refusal,
        form=form,
        teams={team.id: team.name for team in (await desks.people.roster()).teams.values()},
    )


async def _page(
    visit: Visit,
    desks: Desks,
    found: Schedule,
    *,
    refusal: Refusal | None = None,
    form: Form | None = None,
    previewed: Sequence[Rotation] | None = None,
) -> Template:
    roster = await desks.people.roster()
    now = desks.clock.now()
    lineup = found.lineup if previewed is None else msgspec.structs.replace(found.lineup, layers=tuple(previewed))
    typed_at = _place(form)
    coming = days(lineup, now, _PREVIEWED)
    shown = [_fields(layer) for layer in found.lineup.layers]
    empty = _fields_of_new(f"{now:%Y-%m-%d}T09:00")
    if form is not None and typed_at is not None:
        if typed_at < len(shown):
            shown[typed_at] = _typed(form)
        else:
            empty = _typed(form)
    return visit.draw(
        "schedule",
        "calendar",
        refusal=refusal,
        schedule=found,
        layers=shown,
        empty=empty,
        typed_at=typed_at,
        previewed=previewed is not None,
        days=coming,
        gaps=sum(not turn.people for day in coming for turn in day.turns),
        done="Saved." if visit.request.query_params.get("done") == "saved" else "",
        weekdays=DAYS,
        units=get_args(Unit),
        people={
            each.person.id: each.person.name
            for each in sorted(roster.people.values(), key=lambda each: each.person.name.casefold())
            if not each.person.operates
        },
        teams={team.id: team.name for team in roster.teams.values()},
        feed=f"/api/schedules/{found.id}/calendar/{found.feed_token}.ics",
    )


def _place(form: Form | None) -> int | None:
    """Of the layer whose fields were sent."""
    try:
        return whole(form, "place", "the place") if form else None
    except Invalid:
        return None


def _fields(layer: Rotation) -> Fields:
    return Fields(
        name=layer.name,
        unit=layer.unit,
        length=str(layer.length),
        starts=layer.starts,
        ends=layer.ends or "",
        people=[*map(str, layer.people), *[""] * _SPARE],
        parts=[
            *((part.starts, part.ends, [day in part.weekdays for day in range(7)]) for part in layer.restrictions),
            ("", "", [True] * 7),
        ],
    )


def _fields_of_new(starts: str) -> Fields:
    return Fields("", "week", "1", starts, "", [""] * _SPARE, [("", "", [True] * 7)])


def _typed(form: Form) -> Fields:
    people = [form[f"person-{number}"] for number in range(_MOST_PEOPLE) if f"person-{number}" in form]
    parts = [
        (form[f"from-{number}"], form.get(f"until-{number}", ""), [f"on-{number}-{day}" in form for day in range(7)])
        for number in range(_MOST_PARTS)
        if f"from-{number}" in form
    ]
    named = {name: form.get(name, "") for name in ("name", "unit", "length", "starts", "ends")}
    return Fields(**named, people=people, parts=parts)


def _rotation(form: Form) -> Rotation:
    """Raises Invalid."""
    length = whole(form, "length", "how many a turn has")
    if not 1 <= length <= 1000:
        raise Invalid("a turn has between 1 and 1000 of them")
    people = [
        picked(form, f"person-{number}", "a person")
        for number in range(_MOST_PEOPLE)
        if form.get(f"person-{number}", "")
    ]
    if not people:
        raise Invalid("choose at least one person who takes turns")
    starts, ends = form.get("starts", ""), form.get("ends", "")
    local_time(starts, "the beginning")
    if ends:
        local_time(ends, "the end")
    rotation = Rotation(
        unit=one_of(form, "unit", get_args(Unit), "the unit"),
        starts=starts[:16],
        people=tuple(people),
        length=length,
        ends=ends[:16] or None,
        restrictions=tuple(_parts(form)),
        name=form.get("name", ""),
    )
    return strict(checked(rotation))


def _parts(form: Form) -> Sequence[Restriction]:
    found = []
    for number in range(_MOST_PARTS):
        starts, ends = form.get(f"from-{number}", ""), form.get(f"until-{number}", "")
        if not starts and not ends:
            continue
        weekdays = tuple(day for day in range(7) if f"on-{number}-{day}" in form)
        if not weekdays:
            raise Invalid("tick the days on which a part of the week begins")
        found.append(Restriction(starts=starts[:5], ends=ends[:5], weekdays=weekdays))
    return found


router = Router("/", route_handlers=[new, add, schedule, change, layers], dependencies={"desks": desks_of})
