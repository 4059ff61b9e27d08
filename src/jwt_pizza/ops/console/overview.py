"""Five seconds: is everything up, does anything fire, who is on call?"""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import MediaType, Router, get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from jwt_pizza.kernel.errors import Unauthorized, Unavailable
from jwt_pizza.ops.alerts.model import Group, Wanted
from jwt_pizza.ops.alerts.service import GroupDesk
from jwt_pizza.ops.people.login import Door
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.schedules.cards import Names, OnCallCard
from jwt_pizza.ops.schedules.routes import names_of
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.ops.status.model import Overview
from jwt_pizza.ops.status.service import Lookout
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.errors import wants_html
from jwt_pizza.web.site import Site

_GROUPS: Final = 10


class Situation(msgspec.Struct, frozen=True):
    """What those who are logged in see besides."""

    groups: Sequence[Group]
    on_call: Sequence[OnCallCard]


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
) -> Template | Overview:
    """Answers also when the database is away: that is when one looks."""
    components = await lookout.look()
    if not wants_html(request):
        return Overview(message="JWT Pizza ops", version=version, components=components)
    situation, trouble = None, ""
    token = site.session_token(request)
    if token is not None:
        try:
            request.state["viewer"] = (await door.identify(token)).name
            situation = Situation(
                groups=await group_desk.find(Wanted(status="open", limit=_GROUPS)),
                on_call=await _standings(schedule_desk, await names_of(people_desk)),
            )
        except Unauthorized:
            pass
        except Unavailable as refusal:
            trouble = refusal.message
    page = site.draw(
        request,
        "console/overview.html",
        components=components,
        situation=situation,
        trouble=trouble,
        place="overview",
    )
    # Said here, because of the two things that this may return only one is a page.
    page.media_type = MediaType.HTML
    return page


@get("/on-call", include_in_schema=False)
async def who(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001
    schedule_desk: Given[ScheduleDesk],
    names: Given[Names],
) -> Template:
    return site.draw(request, "console/on_call.html", on_call=await _standings(schedule_desk, names), place="on-call")


async def _standings(desk: ScheduleDesk, names: Names) -> Sequence[OnCallCard]:
    return [names.on_call(*standing) for standing in await desk.standings(None)]


router = Router("/", route_handlers=[overview, who], tags=["status"])
