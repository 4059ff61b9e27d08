"""Register, log in and log out in a browser."""

from collections.abc import Sequence

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Conflict, NotFound, Refusal, TooMany, Unauthorized
from jwt_pizza.shop.accounts.devices import device_of
from jwt_pizza.shop.accounts.model import Caller, User
from jwt_pizza.shop.accounts.service import Accountant, Sessions
from jwt_pizza.web.api import AnyRequest, client_address
from jwt_pizza.web.site import Site, go, local_path, read_form, sentence

_HOME = "/menu"


class DemoLogin(msgspec.Struct, frozen=True):
    email: str
    password: str
    role: str


class Entrance(msgspec.Struct, frozen=True):
    """What the forms tell about this shop. `demo_logins` is empty in a shop with real people."""

    shortest_password: int
    demo_logins: Sequence[DemoLogin]


@get("/login")
async def login_form(
    request: AnyRequest, site: Given[Site], entrance: Given[Entrance], visitor: Given[Caller | None]
) -> Template | Redirect:
    following = local_path(request.query_params.get("next"), _HOME)
    if visitor is not None:
        return go(following)
    return _login(request, site, entrance, following=following)


@post("/login", status_code=200)
async def log_in(
    request: AnyRequest,
    site: Given[Site],
    entrance: Given[Entrance],
    accountant: Given[Accountant],
    visitor: Given[Caller | None],
) -> Template | Redirect:
    form = await read_form(request)
    email, following = form.get("email", ""), local_path(form.get("next"), _HOME)
    try:
        device = device_of(request.headers.get("user-agent", ""))
        signed_in = await accountant.log_in(email, form.get("password"), client_address(request), device=device)
    except Refusal as error:
        return _login(request, site, entrance, following=following, email=email, refused=error)
    await _leave(accountant, visitor)
    return go(following, site.session_cookie(signed_in.token))


@get("/register")
async def registration_form(
    request: AnyRequest, site: Given[Site], entrance: Given[Entrance], visitor: Given[Caller | None]
) -> Template | Redirect:
    following = local_path(request.query_params.get("next"), _HOME)
    if visitor is not None:
        return go(following)
    return _registration(request, site, entrance, following=following)


@post("/register", status_code=200)
async def register(
    request: AnyRequest,
    site: Given[Site],
    entrance: Given[Entrance],
    accountant: Given[Accountant],
    visitor: Given[Caller | None],
) -> Template | Redirect:
    form = await read_form(request)
    name, email, following = form.get("name", ""), form.get("email", ""), local_path(form.get("next"), _HOME)
    try:
        device = device_of(request.headers.get("user-agent", ""))
        signed_in = await accountant.register(name, email, form.get("password"), device=device)
    except Refusal as error:
        return _registration(request, site, entrance, following=following, name=name, email=email, refused=error)
    await _leave(accountant, visitor)
    return go(following, site.session_cookie(signed_in.token))


@post("/logout", status_code=200)
async def log_out(site: Given[Site], accountant: Given[Accountant], visitor: Given[Caller | None]) -> Redirect:
    await _leave(accountant, visitor)
    return go("/", site.no_session_cookie())


async def visitor_of(request: AnyRequest, site: Site, sessions: Sessions) -> Caller | None:
    """Who the cookie says is looking, if anybody; pages show the name."""
    token = site.session_token(request)
    if token is None:
        return None
    try:
        caller = await sessions.identify(token)
    except Unauthorized:
        return None
    request.state["viewer"] = caller.user.name
    request.state["doors"] = _doors(caller.user)
    return caller


def _doors(user: User) -> list[tuple[str, str, str]]:
    """What this user's pages have in their navigation besides everybody's: address, key, word."""
    doors = []
    if any(grant.role == "franchisee" for grant in user.roles):
        doors.append(("/franchise", "franchise", "Your stores"))
    if user.is_admin:
        doors.append(("/admin", "admin", "Admin"))
    return doors


async def _leave(accountant: Accountant, visitor: Caller | None) -> None:
    if visitor is not None:
        await accountant.log_out(visitor)


def _login(
    request: AnyRequest,
    site: Site,
    entrance: Entrance,
    *,
    following: str,
    email: str = "",
    refused: Refusal | None = None,
) -> Template:
    if isinstance(refused, NotFound):
        # One text for an unknown address and a wrong password, as in the API.
        problem = "No account has this email and password. Check both, or register."
    else:
        problem = _problem(refused)
    status = 401 if isinstance(refused, NotFound) else refused.status if refused else 200
    page = site.draw(
        request,
        "accounts/login.html",
        status=status,
        for_anyone=True,
        following=following,
        email=email,
        problem=problem,
        demo_logins=entrance.demo_logins,
    )
    return _told_to_wait(page, refused)


def _registration(
    request: AnyRequest,
    site: Site,
    entrance: Entrance,
    *,
    following: str,
    name: str = "",
    email: str = "",
    refused: Refusal | None = None,
) -> Template:
    page = site.draw(
        request,
        "accounts/register.html",
        status=refused.status if refused else 200,
        for_anyone=True,
        following=following,
        name=name,
        email=email,
        problem=_problem(refused),
        taken=isinstance(refused, Conflict),
        shortest_password=entrance.shortest_password,
    )
    return _told_to_wait(page, refused)


def _told_to_wait(page: Template, refused: Refusal | None) -> Template:
    if refused is not None and refused.retry_after is not None:
        page.headers["Retry-After"] = str(refused.retry_after)
    return page


def _problem(refused: Refusal | None) -> str:
    if refused is None:
        return ""
    if isinstance(refused, TooMany) and refused.retry_after:
        minutes = -(-refused.retry_after // 60)
        return f"Too many failed logins. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
    return sentence(refused.message)


router = Router("/", route_handlers=[login_form, log_in, registration_form, register, log_out])
