"""Administrators' pages of users and their roles."""

from typing import Annotated, Final, get_args

from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.shop.accounts.model import Caller, Role
from jwt_pizza.shop.accounts.service import Accountant
from jwt_pizza.shop.franchises.service import Franchising
from jwt_pizza.shop.office.service import admins_only
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, read_form, sentence

_USERS: Final = 20
_ROLES: Final[tuple[Role, ...]] = get_args(Role)


@get("/admin/users")
async def users(
    request: AnyRequest,
    site: Given[Site],
    accountant: Given[Accountant],
    caller: Given[Caller],
    page: Annotated[int, QueryParameter(ge=1, le=1_000_000)] = 1,
) -> Template:
    admins_only(caller)
    sought = request.query_params.get("name", "")[:100].replace("\0", "")
    found = await accountant.page(caller, page=page, limit=_USERS, name=f"*{sought}*" if sought else "*")
    return site.draw(request, "office/users.html", tab="users", found=found, sought=sought, page=page)


@get("/admin/users/{user_id:int}")
async def user(
    user_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    accountant: Given[Accountant],
    franchising: Given[Franchising],
    caller: Given[Caller],
) -> Template:
    admins_only(caller)
    return await _user(request, site, accountant, franchising, caller, user_id)


@post("/admin/users/{user_id:int}", status_code=200)
async def change(
    user_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    accountant: Given[Accountant],
    franchising: Given[Franchising],
    caller: Given[Caller],
) -> Template | Redirect:
    """`verb` appoints to or dismisses from `role`, or deletes the account."""
    admins_only(caller)
    form = await read_form(request)
    verb, subject = form.get("verb", ""), _within(user_id)
    try:
        if verb == "delete":
            if form.get("sure") != "yes":
                raise Invalid("tick that you are sure: this cannot be undone")
            if caller.user.id == subject:
                raise Invalid("your own account is deleted on your own page")
            await accountant.delete(caller, subject)
            return go("/admin/users")
        role = next((each for each in _ROLES if each == form.get("role")), None)
        if role is None:
            raise Invalid("choose a role")
        if verb == "dismiss":
            number = form.get("franchise", "")
            of = int(number) if number.isascii() and number.isdecimal() and len(number) <= 15 else None
            await accountant.dismiss(caller, subject, role, of)
        else:
            of = await _franchise(franchising, form.get("franchise", "")) if role == "franchisee" else None
            await accountant.appoint(caller, subject, role, of)
    except Refusal as refused:
        return await _user(request, site, accountant, franchising, caller, user_id, refused)
    return go(f"/admin/users/{user_id}")


async def _user(
    request: AnyRequest,
    site: Site,
    accountant: Accountant,
    franchising: Franchising,
    caller: Caller,
    user_id: int,
    refused: Refusal | None = None,
) -> Template:
    found = await accountant.get(caller, _within(user_id))
    return site.draw(
        request,
        "office/user.html",
        status=refused.status if refused else 200,
        problem=sentence(refused.message) if refused else "",
        tab="users",
        user=found,
        roles=_ROLES,
        myself=caller.user.id == found.id,
        franchises={franchise.id: franchise.name for franchise in await franchising.run_by(caller, found.id)},
    )


async def _franchise(franchising: Franchising, name: str) -> int:
    found = await franchising.page(None, page=0, limit=1, name=name.strip().replace("\0", "") or "-")
    if not found.franchises or "*" in name:
        raise Invalid("write the name of an open franchise, as it is spelt")
    return found.franchises[0].id


def _within(user_id: int) -> int:
    if not 1 <= user_id <= LARGEST_ID:
        raise NotFound("unknown user")
    return user_id


router = Router("/", route_handlers=[users, user, change])
