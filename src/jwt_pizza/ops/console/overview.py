"""Five seconds: is everything up, does anything fire, who is on call?"""

from collections.abc import AsyncIterator, Sequence

from litestar import MediaType, Router, get
from litestar.di import NamedDependency as Given
from litestar.response import Stream, Template

from jwt_pizza.kernel.errors import Unauthorized, Unavailable
from jwt_pizza.ops.alerts.service import GroupDesk
from jwt_pizza.ops.console.board import Board, Situation, pulse, situation
from jwt_pizza.ops.incidents.service import IncidentDesk
from jwt_pizza.ops.people.login import Door
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.schedules.cards import Names, OnCallCard
from jwt_pizza.ops.schedules.routes import names_of
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.ops.status.model import Overview
from jwt_pizza.ops.status.service import Lookout
from jwt_pizza.ops.telemetry.fleet import View
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.errors import wants_html
from jwt_pizza.web.line import ClientGone, Line
from jwt_pizza.web.site import Site


@get("/", summary="Is each part of the system up?")
async def overview(
    request: AnyRequest,
    site: Given[Site],
    door: Given[Door],
    lookout: Given[Lookout],
    version: Given[str],
    group_desk: Given[GroupDesk],
    people_desk: Given[PeopleDesk],
    schedule_desk: Given[ScheduleDesk],
    incident_desk: Given[IncidentDesk],
    fleet_view: Given[View],
) -> Template | Overview:
    """Answers also when the database is away: that is when one looks."""
    components = await lookout.look()
    if not wants_html(request):
        return Overview(message="JWT Pizza ops", version=version, components=components)
    found, on_call = Situation(pulse(fleet_view)), None
    token = site.session_token(request)
    if token is not None:
        try:
            request.state["viewer"] = (await door.identify(token)).name
            found = await situation(fleet_view, incident_desk, group_desk)
            if not found.trouble:
                on_call = await _standings(schedule_desk, await names_of(people_desk))
        except Unauthorized:
            pass
        except Unavailable as refusal:
            found = Situation(pulse(fleet_view), trouble=refusal.message)
    page = site.draw(
        request, "console/overview.html", components=components, now=found, on_call=on_call, place="overview"
    )
    # Said here, because of the two things that this may return only one is a page.
    page.media_type = MediaType.HTML
    return page


@get("/events", include_in_schema=False)
async def events(
    request: AnyRequest,
    person: Given[Person],  # noqa: ARG001 - 401
    board: Given[Board],
) -> Stream:
    """Server-sent events: what changes of the overview, as HTML; the stream ends after a while."""
    line = Line(request.scope, request.receive)

    async def told() -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"
        try:
            async for drawn in board.watch(line.pause):
                lines = "".join(f"data: {text}\n" for text in drawn.splitlines())
                yield f"event: overview\n{lines}\n".encode()
        except ClientGone:
            return

    headers = {"x-accel-buffering": "no", "cache-control": "no-store"}
    return Stream(told(), media_type="text/event-stream", headers=headers)


async def _standings(desk: ScheduleDesk, names: Names) -> Sequence[OnCallCard]:
    return [names.on_call(*standing) for standing in await desk.standings(None)]


router = Router("/", route_handlers=[overview, events], tags=["status"])
