"""Five seconds: is everything up, does anything fire, who is on call?"""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import MediaType, Router, get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from jwt_pizza.kernel.errors import Unauthorized, Unavailable
from jwt_pizza.kernel.money import Satoshis, btc_text
from jwt_pizza.ops.alerts.model import Group, Wanted
from jwt_pizza.ops.alerts.service import GroupDesk
from jwt_pizza.ops.incidents.model import Incident
from jwt_pizza.ops.incidents.service import IncidentDesk
from jwt_pizza.ops.people.login import Door
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.schedules.cards import Names, OnCallCard
from jwt_pizza.ops.schedules.routes import names_of
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.ops.status.model import Overview
from jwt_pizza.ops.status.service import Lookout
from jwt_pizza.ops.telemetry.fleet import View, charged, delivered, failures
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.errors import wants_html
from jwt_pizza.web.site import Site

_GROUPS: Final = 10
_MINUTE: Final = 60.0


class Situation(msgspec.Struct, frozen=True):
    """What those who are logged in see besides."""

    incidents: Sequence[Incident]
    groups: Sequence[Group]
    on_call: Sequence[OnCallCard]


class Pulse(msgspec.Struct, frozen=True):
    """Whether people are getting pizza: orders of the last minute, and what stands in their way."""

    delivered: int
    failed: int
    charged: int
    """Of the failed ones those that were charged."""
    revenue: str
    ovens: Sequence[str]
    """The policy and breaker of each process of the shop, those that are alike once."""
    used: int
    limit: int
    waiting: int


def pulse(view: View) -> Pulse:
    """Pure."""
    gauges = view.gauges()
    ovens = {process.last.vitals.ovens for process in view.live if process.last.vitals.ovens is not None}
    return Pulse(
        delivered=view.count(delivered, _MINUTE),
        failed=view.count(failures, _MINUTE),
        charged=view.count(charged, _MINUTE),
        revenue=btc_text(Satoshis(view.count(lambda counts: counts.revenue, _MINUTE))),
        ovens=sorted(f"{oven.policy}, breaker {oven.breaker}" for oven in ovens),
        used=gauges.used,
        limit=gauges.limit,
        waiting=gauges.waiting,
    )


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
    situation, trouble = None, ""
    token = site.session_token(request)
    if token is not None:
        try:
            request.state["viewer"] = (await door.identify(token)).name
            situation = Situation(
                incidents=await incident_desk.find(state="open", before=None, take=_GROUPS),
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
        pulse=pulse(fleet_view),
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
