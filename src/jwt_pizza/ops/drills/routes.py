"""Drills over HTTP."""

from collections.abc import Sequence
from datetime import datetime

from litestar import Router, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.drills.model import Drill, Manner, State, Way
from jwt_pizza.ops.drills.model import Plan as Planned
from jwt_pizza.ops.drills.said import Result
from jwt_pizza.ops.drills.service import DrillDesk
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import BEARER, PathId


class Plan(Wire, frozen=True, forbid_unknown_fields=True):
    """`scenario`: of those that are shipped; with `source`, the TOML of one of your own, what that one is called.
    `played` is live, and people do what is to be done."""

    scenario: str
    source: str | None = None
    way: Way = "both"
    manner: Manner = "virtual"


class Said(Wire, frozen=True):
    at: datetime
    text: str
    by: str | None


class DrillState(Wire, frozen=True):
    """`shop` and `console`: addresses of a live drill while it runs. `problem`: why there is no result."""

    id: int
    scenario: str
    way: Way
    manner: Manner
    state: State
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    shop: str | None
    console: str | None
    problem: str
    result: Result | None
    log: Sequence[Said] = ()


@get("/api/drills", security=BEARER, summary="Drills, the newest first, without their results")
async def drills(person: Given[Person], drill_desk: Given[DrillDesk]) -> Sequence[DrillState]:  # noqa: ARG001
    return [_state(drill) for drill in await drill_desk.last()]


@post("/api/drills", status_code=201, security=BEARER, summary="Start a drill")
async def start(data: JSONBody[Plan], person: Given[Person], drill_desk: Given[DrillDesk]) -> DrillState:
    """In a system of its own: nothing of this one is touched. 409 when several wait or run already."""
    plan = Planned(scenario=data.scenario[:100], source=data.source, way=data.way, manner=data.manner)
    return _state(await drill_desk.start(plan, person))


@get("/api/drills/{drill_id:int}", security=BEARER, summary="A drill, with its log and what it came to")
async def drill(drill_id: PathId, person: Given[Person], drill_desk: Given[DrillDesk]) -> DrillState:  # noqa: ARG001
    found, log = await drill_desk.get(drill_id)
    return _state(found, [Said(at=each.at, text=each.text, by=each.by) for each in log])


@put("/api/drills/{drill_id:int}/stop", security=BEARER, summary="End a drill")
async def stop(drill_id: PathId, person: Given[Person], drill_desk: Given[DrillDesk]) -> DrillState:
    """It takes down what it has started: that may take some seconds."""
    await drill_desk.stop(drill_id, person)
    return _state((await drill_desk.get(drill_id))[0])


def _state(drill: Drill, log: Sequence[Said] = ()) -> DrillState:
    return DrillState(
        id=drill.id,
        scenario=drill.plan.scenario,
        way=drill.plan.way,
        manner=drill.plan.manner,
        state=drill.state,
        asked_by=drill.asked_by,
        asked_at=drill.asked_at,
        started_at=drill.started_at,
        ended_at=drill.ended_at,
        shop=drill.shop,
        console=drill.console,
        problem=drill.problem,
        result=drill.result,
        log=log,
    )


router = Router("/", route_handlers=[drills, start, drill, stop])
