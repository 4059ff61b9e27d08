"""What engineers tell the public, and the state of everything, as JSON."""

from typing import Literal

from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, JSONBody

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.status.board import Board, NewUpdate, PublicIncident, Summary, summary
from jwt_pizza.ops.status.rack import Rack
from jwt_pizza.ops.status.service import StatusDesk
from jwt_pizza.web.api import BEARER, PathId


@get("/api/status", summary="What the public status page shows")
async def board(status_rack: Given[Rack], form: FromQuery[Literal["whole", "summary"]] = "whole") -> Board | Summary:
    """Without a login. As it was drawn last: seconds ago at the most. `form=summary`: the state and open incidents."""
    if status_rack.board is None:
        await status_rack.step()
    if status_rack.board is None:
        raise Unavailable("nothing was measured yet, please try again")
    return summary(status_rack.board) if form == "summary" else status_rack.board


@get("/api/incidents/{incident_id:int}/updates", security=BEARER, summary="What the public was told of an incident")
async def updates(
    incident_id: PathId,
    person: Given[Person],  # noqa: ARG001 - 401
    status_desk: Given[StatusDesk],
) -> PublicIncident:
    return await status_desk.get(incident_id)


@post(
    "/api/incidents/{incident_id:int}/updates",
    status_code=200,
    security=BEARER,
    summary="Tell the public: on the status page, in the feeds, by mail",
)
async def tell(
    incident_id: PathId, data: JSONBody[NewUpdate], person: Given[Person], status_desk: Given[StatusDesk]
) -> PublicIncident:
    """The first update makes the incident public, and needs a `title`."""
    return await status_desk.tell(incident_id, data, by=actor_of(person.id))


router = Router("/", route_handlers=[board, updates, tell], tags=["status"])
