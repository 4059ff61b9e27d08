"""Accounts over HTTP."""

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody, QueryParameter

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.shop.accounts.devices import device_of
from jwt_pizza.shop.accounts.model import Caller, SignedIn, User, UserPage
from jwt_pizza.shop.accounts.service import Accountant
from jwt_pizza.web.api import BEARER, AnyRequest, Message, PathId, client_address

_Password = Annotated[str, msgspec.Meta(max_length=10_000)]


class Registration(Wire, frozen=True):
    name: str | None = None
    email: str | None = None
    password: _Password | None = None


class Login(Wire, frozen=True):
    email: str | None = None
    password: _Password | None = None


class Change(Wire, frozen=True):
    name: str | None = None
    email: str | None = None
    password: _Password | None = None


@post("/api/auth", status_code=200, summary="Register a new user")
async def register(data: JSONBody[Registration], request: AnyRequest, accountant: Given[Accountant]) -> SignedIn:
    device = device_of(request.headers.get("user-agent", ""))
    return await accountant.register(data.name, data.email, data.password, device=device)


@put("/api/auth", summary="Log in")
async def log_in(data: JSONBody[Login], request: AnyRequest, accountant: Given[Accountant]) -> SignedIn:
    device = device_of(request.headers.get("user-agent", ""))
    return await accountant.log_in(data.email, data.password, client_address(request), device=device)


@delete("/api/auth", status_code=200, security=BEARER, summary="Log out")
async def log_out(caller: Given[Caller], accountant: Given[Accountant]) -> Message:
    await accountant.log_out(caller)
    return Message("logout successful")


@get("/api/user/me", security=BEARER, summary="The authenticated user")
async def me(caller: Given[Caller]) -> User:
    return caller.user


@get("/api/user", security=BEARER, summary="Users by page and name; * is a wildcard")
async def users(
    caller: Given[Caller],
    accountant: Given[Accountant],
    page: Annotated[int, QueryParameter(ge=1, le=1_000_000)] = 1,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 10,
    name: Annotated[str, QueryParameter(max_length=100, pattern=r"^[^\x00]*$")] = "*",
) -> UserPage:
    return await accountant.page(caller, page=page, limit=limit, name=name)


@put("/api/user/{user_id:int}", security=BEARER, summary="Change name, email or password")
async def update(
    user_id: PathId, data: JSONBody[Change], caller: Given[Caller], accountant: Given[Accountant]
) -> SignedIn:
    return await accountant.update(caller, user_id, name=data.name, email=data.email, password=data.password)


@delete("/api/user/{user_id:int}", status_code=200, security=BEARER, summary="Delete a user")
async def remove(user_id: PathId, caller: Given[Caller], accountant: Given[Accountant]) -> Message:
    await accountant.delete(caller, user_id)
    return Message("user deleted")


router = Router("/", route_handlers=[register, log_in, log_out, me, users, update, remove], tags=["accounts"])
