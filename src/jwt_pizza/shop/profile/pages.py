"""A user's own account: what is known, who else is logged in, take it along, delete it."""

from typing import Final

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, Refusal
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.accounts.pages import Entrance
from jwt_pizza.shop.accounts.service import Accountant
from jwt_pizza.shop.profile.service import ProfileDesk
from jwt_pizza.web.api import AnyRequest, client_address
from jwt_pizza.web.site import Site, go, read_form, sentence

_SAVED: Final = "saved"


@get("/profile")
async def profile(
    request: AnyRequest,
    site: Given[Site],
    entrance: Given[Entrance],
    accountant: Given[Accountant],
    profile_desk: Given[ProfileDesk],
    caller: Given[Caller],
) -> Template:
    return await _profile(request, site, entrance, accountant, profile_desk, caller)


@post("/profile", status_code=200)
async def change(
    request: AnyRequest,
    site: Given[Site],
    entrance: Given[Entrance],
    accountant: Given[Accountant],
    profile_desk: Given[ProfileDesk],
    caller: Given[Caller],
) -> Template | Redirect:
    """A new address or password is taken from its owner alone: the present password must be given with it."""
    form = await read_form(request)
    name, email, password = form.get("name", "").strip(), form.get("email", "").strip(), form.get("password") or None
    try:
        if email != caller.user.email or password:
            await accountant.confirm(caller, form.get("present"), client_address(request))
        await accountant.update(caller, caller.user.id, name=name, email=email, password=password)
    except Refusal as refused:
        return await _profile(
            request, site, entrance, accountant, profile_desk, caller, refused, name=name, email=email
        )
    return go(f"/profile?done={_SAVED}")


@post("/profile/logins", status_code=200)
async def end_logins(request: AnyRequest, accountant: Given[Accountant], caller: Given[Caller]) -> Redirect:
    """One of them (`login`), or all but this."""
    login = (await read_form(request)).get("login", "")
    if login.isascii() and login.isdecimal() and len(login) < 16:
        await accountant.end_login(caller, int(login))
    else:
        await accountant.end_other_logins(caller)
    return go("/profile#logins")


@get("/profile/export")
async def export(profile_desk: Given[ProfileDesk], caller: Given[Caller]) -> Response[bytes]:
    taken = msgspec.json.format(msgspec.json.encode(await profile_desk.export(caller)), indent=2)
    headers = {"content-disposition": 'attachment; filename="jwt-pizza-my-data.json"'}
    return Response(taken, media_type=MediaType.JSON, headers=headers)


@post("/profile/delete", status_code=200)
async def delete(
    request: AnyRequest,
    site: Given[Site],
    entrance: Given[Entrance],
    accountant: Given[Accountant],
    profile_desk: Given[ProfileDesk],
    caller: Given[Caller],
) -> Template | Redirect:
    form = await read_form(request)
    try:
        if form.get("sure") != "yes":
            raise Invalid("tick that you are sure: this cannot be undone")
        await accountant.confirm(caller, form.get("present"), client_address(request))
        await accountant.delete(caller, caller.user.id)
    except Refusal as refused:
        return await _profile(request, site, entrance, accountant, profile_desk, caller, refused)
    return go("/goodbye", site.no_session_cookie())


@get("/goodbye")
async def goodbye(request: AnyRequest, site: Given[Site]) -> Template:
    return site.draw(request, "profile/goodbye.html")


async def _profile(
    request: AnyRequest,
    site: Site,
    entrance: Entrance,
    accountant: Accountant,
    profile_desk: ProfileDesk,
    caller: Caller,
    refused: Refusal | None = None,
    *,
    name: str | None = None,
    email: str | None = None,
) -> Template:
    page = site.draw(
        request,
        "profile/profile.html",
        status=refused.status if refused else 200,
        problem=sentence(refused.message) if refused else "",
        done=request.query_params.get("done") == _SAVED and refused is None,
        user=caller.user,
        name=caller.user.name if name is None else name,
        email=caller.user.email if email is None else email,
        shortest_password=entrance.shortest_password,
        logins=await accountant.logins(caller),
        this=caller.session_id,
        vouchers=await profile_desk.vouchers(caller),
    )
    if refused is not None and refused.retry_after is not None:
        page.headers["Retry-After"] = str(refused.retry_after)
    return page


router = Router("/", route_handlers=[profile, change, end_logins, export, delete, goodbye])
