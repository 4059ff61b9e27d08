"""Franchises and stores over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from litestar import Router, delete, get, post
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody, QueryParameter

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.franchises.model import Franchise, FranchisePage, NewFranchise, NewStore
from jwt_pizza.shop.franchises.service import Franchising
from jwt_pizza.web.api import BEARER, Message, PathId


class Appointee(Wire, frozen=True):
    email: str


class FranchiseRequest(Wire, frozen=True):
    name: str | None = None
    admins: tuple[Appointee, ...] = ()


class StoreRequest(Wire, frozen=True):
    name: str | None = None


@get("/api/franchise", summary="Franchises by page and name; * is a wildcard")
async def franchises(
    visitor: Given[Caller | None],
    franchising: Given[Franchising],
    page: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 10,
    name: Annotated[str, QueryParameter(max_length=100, pattern=r"^[^\x00]*$")] = "*",
) -> FranchisePage:
    return await franchising.page(visitor, page=page, limit=limit, name=name)


@get("/api/franchise/{subject:int}", security=BEARER, summary="The franchises of a user")
async def franchises_of(subject: PathId, caller: Given[Caller], franchising: Given[Franchising]) -> Sequence[Franchise]:
    return await franchising.run_by(caller, subject)


@post("/api/franchise", status_code=200, security=BEARER, summary="Create a franchise")
async def open_franchise(
    data: JSONBody[FranchiseRequest], caller: Given[Caller], franchising: Given[Franchising]
) -> NewFranchise:
    return await franchising.open(caller, data.name, [admin.email for admin in data.admins])


@delete("/api/franchise/{subject:int}", status_code=200, security=BEARER, summary="Delete a franchise")
async def close_franchise(subject: PathId, caller: Given[Caller], franchising: Given[Franchising]) -> Message:
    await franchising.close(caller, subject)
    return Message("franchise deleted")


@post("/api/franchise/{subject:int}/store", status_code=200, security=BEARER, summary="Create a store")
async def open_store(
    subject: PathId, data: JSONBody[StoreRequest], caller: Given[Caller], franchising: Given[Franchising]
) -> NewStore:
    return await franchising.open_store(caller, subject, data.name)


@delete("/api/franchise/{subject:int}/store/{store_id:int}", status_code=200, security=BEARER, summary="Delete a store")
async def close_store(
    subject: PathId, store_id: PathId, caller: Given[Caller], franchising: Given[Franchising]
) -> Message:
    await franchising.close_store(caller, subject, store_id)
    return Message("store deleted")


router = Router(
    "/",
    route_handlers=[franchises, franchises_of, open_franchise, close_franchise, open_store, close_store],
    tags=["franchises"],
)
