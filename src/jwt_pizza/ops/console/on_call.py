"""Who is on call, day by day for two weeks, and how to take over a shift."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kernel.wallclock import moment, wall, zone_of
from jwt_pizza.ops.console.fields import known, local_time, picked
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.schedules.cards import Names, OnCallCard
from jwt_pizza.ops.schedules.days import Day
from jwt_pizza.ops.schedules.lineup import Override
from jwt_pizza.ops.schedules.model import NewOverride, Schedule
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, read_form, sentence

_DAYS: Final = 14
_PAGE: Final = "/on-call"


class Change(msgspec.Struct, frozen=True):
    """An override as people read it, in the schedule's time."""

    id: int
    words: str
    starts: str
    ends: str


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """`gaps`: how many turns nobody has."""

    schedule: Schedule
    names: OnCallCard
    days: Sequence[Day]
    changes: Sequence[Change]
    gaps: int


@get(_PAGE)
async def calendars(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    schedule_desk: Given[ScheduleDesk],
    people_desk: Given[PeopleDesk],
) -> Template:
    return await _page(request, site, person, schedule_desk, people_desk)


@post("/on-call/{schedule_id:int}/overrides", status_code=200)
async def take_over(
    schedule_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    schedule_desk: Given[ScheduleDesk],
    people_desk: Given[PeopleDesk],
) -> Template | Redirect:
    form = await read_form(request)
    schedule = await schedule_desk.get(known(schedule_id))
    try:
        await schedule_desk.override(person, schedule_id, _override(schedule, form))
    except Refusal as refusal:
        return await _page(request, site, person, schedule_desk, people_desk, refusal, {**form, "on": str(schedule_id)})
    return go(f"{_PAGE}#schedule-{schedule_id}")


@post("/on-call/overrides/{override_id:int}/remove", status_code=200)
async def take_back(override_id: FromPath[int], person: Given[Person], schedule_desk: Given[ScheduleDesk]) -> Redirect:
    await schedule_desk.remove_override(person, known(override_id))
    return go(_PAGE)


async def _page(
    request: AnyRequest,
    site: Site,
    person: Person,
    desk: ScheduleDesk,
    people_desk: PeopleDesk,
    refusal: Refusal | None = None,
    form: Mapping[str, str] | None = None,
) -> Template:
    people = [each.person for each in (await people_desk.roster()).people.values()]
    names = Names({each.id: each.name for each in people})
    form = form or {}
    return site.draw(
        request,
        "console/on_call.html",
        status=refusal.status if refusal else 200,
        problem=sentence(refusal.message) if refusal else "",
        form=form,
        calendars=[
            Calendar(
                schedule=schedule,
                names=names.on_call(schedule, now, following),
                days=found,
                gaps=sum(not turn.people for day in found for turn in day.turns),
                changes=[_change(schedule, names, each) for each in schedule.lineup.overrides],
            )
            for schedule, now, following, found in await desk.calendars(_DAYS)
        ],
        name_of=lambda person_id: names.who(person_id).name,
        people=sorted((each for each in people if not each.operates), key=lambda each: each.name.casefold()),
        chosen=form.get("person", str(person.id)),
        place="on-call",
        manages=person.manages,
        tab="calendar",
    )


def _change(schedule: Schedule, names: Names, override: Override) -> Change:
    zone = zone_of(schedule.lineup.time_zone)
    starts, ends = wall(override.starts, zone), wall(override.ends, zone)
    person, replaced = names.maybe(override.person_id), names.maybe(override.replaces_id)
    instead = f" instead of {replaced.name}" if replaced else ""
    match override.kind, person:
        case "remove", _:
            words = f"{replaced.name if replaced else 'somebody'} is not on call"
        case "add", found if found is not None:
            words = f"{found.name} is on call too"
        case _, found:
            words = f"{found.name if found else 'somebody'} takes over{instead}"
    return Change(override.id, words, f"{starts:%a %d %b %H:%M}", f"{ends:%a %d %b %H:%M}")


def _override(schedule: Schedule, form: Mapping[str, str]) -> NewOverride:
    zone = zone_of(schedule.lineup.time_zone)
    return NewOverride(
        kind="add" if form.get("kind") == "add" else "replace",
        person_id=picked(form, "person", "who takes over"),
        replaces_id=None,
        starts=moment(local_time(form.get("starts", ""), "the beginning"), zone),
        ends=moment(local_time(form.get("ends", ""), "the end"), zone),
    )


router = Router("/", route_handlers=[calendars, take_over, take_back])
