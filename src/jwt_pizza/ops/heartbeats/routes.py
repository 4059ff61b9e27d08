"""Heartbeats over HTTP."""

from collections.abc import Sequence

from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from jwt_pizza.kernel.errors import Forbidden, NotFound
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.events.refusals import Refusals
from jwt_pizza.ops.heartbeats.model import Heartbeat, HeartbeatPlan
from jwt_pizza.ops.heartbeats.service import HeartbeatDesk
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import BEARER, AnyRequest, Message, PathId, client_address


@post("/api/heartbeats/{token:str}", status_code=200, summary="I am alive; the token is all that is needed")
async def beat(
    token: FromPath[str], request: AnyRequest, heartbeat_desk: Given[HeartbeatDesk], refusals: Given[Refusals]
) -> Message:
    return await _beat(token, request, heartbeat_desk, refusals)


@get("/api/heartbeats/{token:str}", summary="The same, for what can only GET")
async def beat_by_get(
    token: FromPath[str], request: AnyRequest, heartbeat_desk: Given[HeartbeatDesk], refusals: Given[Refusals]
) -> Message:
    return await _beat(token, request, heartbeat_desk, refusals)


@get("/api/heartbeats", security=BEARER, summary="Who must say something how often")
async def heartbeats(person: Given[Person], heartbeat_desk: Given[HeartbeatDesk]) -> Sequence[Heartbeat]:  # noqa: ARG001
    return await heartbeat_desk.all()


@post(
    "/api/heartbeats",
    status_code=200,
    security=BEARER,
    summary="Wait for somebody; the answer has the token to beat with",
)
async def add(data: JSONBody[HeartbeatPlan], person: Given[Person], heartbeat_desk: Given[HeartbeatDesk]) -> Heartbeat:
    return await heartbeat_desk.add(data, by=_manager(person))


@put("/api/heartbeats/{heartbeat_id:int}", security=BEARER, summary="Change a heartbeat; its token stays")
async def change(
    heartbeat_id: PathId, data: JSONBody[HeartbeatPlan], person: Given[Person], heartbeat_desk: Given[HeartbeatDesk]
) -> Heartbeat:
    return await heartbeat_desk.change(heartbeat_id, data, by=_manager(person))


@delete("/api/heartbeats/{heartbeat_id:int}", status_code=200, security=BEARER, summary="Wait for it no more")
async def remove(heartbeat_id: PathId, person: Given[Person], heartbeat_desk: Given[HeartbeatDesk]) -> Message:
    await heartbeat_desk.remove(heartbeat_id, by=_manager(person))
    return Message("heartbeat removed")


async def _beat(token: str, request: AnyRequest, desk: HeartbeatDesk, refusals: Refusals) -> Message:
    if len(token) > 100 or "\0" in token:
        raise NotFound("no heartbeat has this token")
    try:
        heartbeat = await desk.beat(token)
    except NotFound as refusal:
        await refusals.note("a heartbeat", refusal.message, client_address(request))
        raise
    return Message(f"{heartbeat.name} is alive; it is due again within {heartbeat.interval_seconds:g} s")


def _manager(person: Person) -> str:
    """Raises Forbidden for who may not set up."""
    if not person.manages:
        raise Forbidden("only a manager may change this")
    return actor_of(person.id)


router = Router("/", route_handlers=[beat, beat_by_get, heartbeats, add, change, remove], tags=["heartbeats"])
