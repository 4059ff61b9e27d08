"""Escalation chains over HTTP."""

from collections.abc import Sequence

from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from jwt_pizza.ops.chains.model import Chain, Draft
from jwt_pizza.ops.chains.service import ChainDesk
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import BEARER, Message, PathId


@get("/api/chains", security=BEARER, summary="All escalation chains")
async def everything(person: Given[Person], chain_desk: Given[ChainDesk]) -> Sequence[Chain]:  # noqa: ARG001
    return await chain_desk.all()


@get("/api/chains/{chain_id:int}", security=BEARER, summary="One chain")
async def one(chain_id: PathId, person: Given[Person], chain_desk: Given[ChainDesk]) -> Chain:  # noqa: ARG001
    return await chain_desk.get(chain_id)


@post("/api/chains", security=BEARER, summary="Add a chain", status_code=201)
async def add(data: JSONBody[Draft], person: Given[Person], chain_desk: Given[ChainDesk]) -> Chain:
    return await chain_desk.add(person, data)


@put("/api/chains/{chain_id:int}", security=BEARER, summary="Change a chain")
async def change(chain_id: PathId, data: JSONBody[Draft], person: Given[Person], chain_desk: Given[ChainDesk]) -> Chain:
    """Groups that escalate already keep the steps that they began with."""
    return await chain_desk.change(person, chain_id, data)


@delete("/api/chains/{chain_id:int}", security=BEARER, summary="Remove a chain", status_code=200)
async def remove(chain_id: PathId, person: Given[Person], chain_desk: Given[ChainDesk]) -> Message:
    await chain_desk.remove(person, chain_id)
    return Message("chain removed")


router = Router("/", route_handlers=[everything, one, add, change, remove], tags=["chains"])
