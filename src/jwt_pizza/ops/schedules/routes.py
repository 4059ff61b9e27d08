"""Schedules, overrides, calendars and who is on call over HTTP."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody

from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.kernel.wire import Id, Wire
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.schedules.cards import (
    Feed,
    History,
    Names,
    OnCallCard,
    OverrideCard,
    ScheduleCard,
    Shifts,
    spans,
)
from jwt_pizza.ops.schedules.lineup import OverrideKind
from jwt_pizza.ops.schedules.model import NewOverride
from jwt_pizza.ops.schedules.rotation import Rotation
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.web.api import BEARER, Message, PathId

_ICS: Final = ".ics"
_CALENDAR: Final = {
    200: ResponseSpec(str, generate_examples=False, media_type="text/calendar", description="The shifts as iCal")
}
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Layers = Annotated[tuple[Rotation, ...], msgspec.Meta(max_length=20)]
_Url = Annotated[str, msgspec.Meta(max_length=2000)]


class NewSchedule(Wire, frozen=True):
    """`layers`: the last one goes over those before it. `calendar_url`: where the schedule is kept instead, as iCal."""

    team_id: Id
    name: str
    time_zone: str = "UTC"
    layers: _Layers = ()
    calendar_url: _Url | None = None


class ScheduleChange(Wire, frozen=True):
    """What is absent stays. An empty `calendar_url`: it is kept here from now on."""

    team_id: Id | None = None
    name: str | None = None
    time_zone: str | None = None
    layers: _Layers | None = None
    calendar_url: _Url | None = None


class OverrideRequest(Wire, frozen=True):
    """`add`: `person_id` too. `remove`: `replaces_id` not. `replace`: `person_id` instead of `replaces_id`, or, without
    one, instead of whoever is on call."""

    kind: OverrideKind
    starts: _Moment
    ends: _Moment
    person_id: Id | None = None
    replaces_id: Id | None = None


async def names_of(people_desk: Given[PeopleDesk]) -> Names:
    people = (await people_desk.roster()).people
    return Names({person_id: found.person.name for person_id, found in people.items()})


@get("/api/oncall", security=BEARER, summary="Who is on call now, and who next")
async def who(
    person: Given[Person],  # noqa: ARG001 - 401
    schedule_desk: Given[ScheduleDesk],
    names: Given[Names],
    at: FromQuery[datetime | None] = None,
) -> list[OnCallCard]:
    return [names.on_call(*standing) for standing in await schedule_desk.standings(at)]


@get("/api/schedules", security=BEARER, summary="All schedules")
async def schedules(
    person: Given[Person],  # noqa: ARG001 - 401
    schedule_desk: Given[ScheduleDesk],
    names: Given[Names],
) -> list[ScheduleCard]:
    return [names.schedule(schedule) for schedule in await schedule_desk.all()]


@post("/api/schedules", status_code=200, security=BEARER, summary="Add a schedule")
async def add_schedule(
    data: JSONBody[NewSchedule], person: Given[Person], schedule_desk: Given[ScheduleDesk], names: Given[Names]
) -> ScheduleCard:
    added = await schedule_desk.add(
        person,
        team_id=data.team_id,
        name=data.name,
        time_zone=data.time_zone,
        layers=data.layers,
        calendar_url=data.calendar_url,
    )
    return names.schedule(added)


@get("/api/schedules/{schedule_id:int}", security=BEARER, summary="A schedule with layers and coming overrides")
async def show_schedule(
    schedule_id: PathId,
    person: Given[Person],  # noqa: ARG001 - 401
    schedule_desk: Given[ScheduleDesk],
    names: Given[Names],
) -> ScheduleCard:
    return names.schedule(await schedule_desk.get(schedule_id))


@put("/api/schedules/{schedule_id:int}", security=BEARER, summary="Change a schedule")
async def change_schedule(
    schedule_id: PathId,
    data: JSONBody[ScheduleChange],
    person: Given[Person],
    schedule_desk: Given[ScheduleDesk],
    names: Given[Names],
) -> ScheduleCard:
    changed = await schedule_desk.change(
        person,
        schedule_id,
        team_id=data.team_id,
        name=data.name,
        time_zone=data.time_zone,
        layers=data.layers,
        calendar_url=data.calendar_url,
    )
    return names.schedule(changed)


@delete(
    "/api/schedules/{schedule_id:int}", status_code=200, security=BEARER, summary="Remove a schedule that nothing names"
)
async def remove_schedule(schedule_id: PathId, person: Given[Person], schedule_desk: Given[ScheduleDesk]) -> Message:
    await schedule_desk.remove(person, schedule_id)
    return Message("schedule removed")


@get("/api/schedules/{schedule_id:int}/shifts", security=BEARER, summary="Shifts and gaps, of two weeks by default")
async def shifts(
    schedule_id: PathId,
    person: Given[Person],  # noqa: ARG001 - 401
    schedule_desk: Given[ScheduleDesk],
    names: Given[Names],
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> Shifts:
    schedule, found, free = await schedule_desk.shifts(schedule_id, since, until)
    return Shifts(time_zone=schedule.lineup.time_zone, shifts=tuple(map(names.shift, found)), gaps=spans(free))


@get("/api/schedules/{schedule_id:int}/history", security=BEARER, summary="Who was on call, as it was then")
async def history(
    schedule_id: PathId,
    person: Given[Person],  # noqa: ARG001 - 401
    schedule_desk: Given[ScheduleDesk],
    names: Given[Names],
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> History:
    found = await schedule_desk.history(schedule_id, since, until)
    return History(standings=tuple(map(names.standing, found)))


@post("/api/schedules/{schedule_id:int}/overrides", status_code=200, security=BEARER, summary="Swap, add, take out")
async def override(
    schedule_id: PathId,
    data: JSONBody[OverrideRequest],
    person: Given[Person],
    schedule_desk: Given[ScheduleDesk],
    names: Given[Names],
) -> OverrideCard:
    wanted = NewOverride(
        kind=data.kind, person_id=data.person_id, replaces_id=data.replaces_id, starts=data.starts, ends=data.ends
    )
    return names.override(await schedule_desk.override(person, schedule_id, wanted))


@delete("/api/overrides/{override_id:int}", status_code=200, security=BEARER, summary="Take an override back")
async def remove_override(override_id: PathId, person: Given[Person], schedule_desk: Given[ScheduleDesk]) -> Message:
    await schedule_desk.remove_override(person, override_id)
    return Message("override removed")


@post(
    "/api/schedules/{schedule_id:int}/feed", status_code=200, security=BEARER, summary="A new secret calendar address"
)
async def renew_feed(schedule_id: PathId, person: Given[Person], schedule_desk: Given[ScheduleDesk]) -> Feed:
    token = await schedule_desk.new_feed_token(person, schedule_id)
    return Feed(feed=f"/api/schedules/{schedule_id}/calendar/{token}{_ICS}")


@get("/api/people/{person_id:int}/feed", security=BEARER, summary="The secret calendar address of somebody's shifts")
async def person_feed(person_id: PathId, person: Given[Person], people_desk: Given[PeopleDesk]) -> Feed:
    token = await people_desk.feed_token(person, person_id)
    return Feed(feed=f"/api/people/{person_id}/calendar/{token}{_ICS}")


@post("/api/people/{person_id:int}/feed", status_code=200, security=BEARER, summary="A new secret calendar address")
async def renew_person_feed(person_id: PathId, person: Given[Person], people_desk: Given[PeopleDesk]) -> Feed:
    token = await people_desk.new_feed_token(person, person_id)
    return Feed(feed=f"/api/people/{person_id}/calendar/{token}{_ICS}")


@get("/api/schedules/{schedule_id:int}/calendar/{file:str}", summary="The schedule as iCal", responses=_CALENDAR)
async def calendar(schedule_id: PathId, file: FromPath[str], schedule_desk: Given[ScheduleDesk]) -> Response[bytes]:
    return _ical(await schedule_desk.feed(schedule_id, _token(file)))


@get("/api/people/{person_id:int}/calendar/{file:str}", summary="Somebody's shifts as iCal", responses=_CALENDAR)
async def person_calendar(
    person_id: PathId, file: FromPath[str], schedule_desk: Given[ScheduleDesk]
) -> Response[bytes]:
    return _ical(await schedule_desk.feed_of_person(person_id, _token(file)))


def _token(file: str) -> str:
    if not file.endswith(_ICS):
        raise NotFound("there is no such calendar")
    return file.removesuffix(_ICS)


def _ical(body: bytes) -> Response[bytes]:
    # Its address is a secret: no cache on the way may keep it.
    return Response(body, media_type="text/calendar", headers={"Cache-Control": "private, no-store"})


router = Router(
    "/",
    route_handlers=[
        who,
        schedules,
        add_schedule,
        show_schedule,
        change_schedule,
        remove_schedule,
        shifts,
        history,
        override,
        remove_override,
        renew_feed,
        person_feed,
        renew_person_feed,
        calendar,
        person_calendar,
    ],
    tags=["schedules"],
)
