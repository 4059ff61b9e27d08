"""Snapshots come in, and runbooks go out."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody, PathParameter

from jwt_pizza.kernel.errors import Invalid, NotFound
from jwt_pizza.kernel.vitals import Receipt, Snapshot
from jwt_pizza.web.api import BEARER, AnyRequest
from jwt_pizza.web.express import Call, Lane, Reply, through
from jwt_pizza.web.openapi import answers
from jwt_pizza.web.senders import Senders

RUNBOOKS: Final = Path(__file__).parent / "runbooks"
_NUL: Final = b"\\u0000"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Snapshot).decode


def snapshot_lane(push: Callable[[Snapshot], Awaitable[Receipt]], senders: Senders) -> Lane:
    async def take(call: Call) -> Reply:
        senders.admit(call.scope)
        if _NUL in call.body:
            # PostgreSQL keeps none, and what a snapshot names would stay in the watch until it is kept.
            raise Invalid("a snapshot holds no NUL characters")
        return Reply(_encode(await push(_decode(call.body))))

    return take


@post(
    "/api/telemetry/snapshots",
    status_code=200,
    security=BEARER,
    summary="What a process says about itself (our own processes)",
    responses=answers(Receipt),
)
async def snapshots(
    data: JSONBody[Snapshot],  # noqa: ARG001 - for the schema; the lane reads the body itself
    request: AnyRequest,
    take_snapshot: Given[Lane],
) -> Response[bytes]:
    return await through(take_snapshot, request)


@get("/runbooks/{rule:str}", include_in_schema=False)
async def runbook(rule: Annotated[str, PathParameter(pattern=r"^[a-z-]{1,60}$")]) -> Response[str]:
    """What to do when a rule of the watch fires: as text, for a phone in the night."""
    file = RUNBOOKS / f"{rule}.md"
    if not file.is_file():
        raise NotFound("there is no such runbook")
    return Response(file.read_text(encoding="utf-8"), media_type=MediaType.TEXT)


router = Router("/", route_handlers=[snapshots, runbook], tags=["telemetry"])
