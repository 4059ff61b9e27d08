"""Log in to ops and out of it in a browser."""

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import NotFound, Refusal, TooMany
from jwt_pizza.ops.people.login import Door
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import AnyRequest, client_address
from jwt_pizza.web.site import Site, go, local_path, read_form, sentence

_HOME = "/"


class DemoLogin(msgspec.Struct, frozen=True):
    """Whom a newcomer may log in as; there is none where people are real."""

    name: str
    email: str
    password: str


@get("/login")
async def login_form(
    request: AnyRequest, site: Given[Site], maybe_person: Given[Person | None], demo_login: Given[DemoLogin | None]
) -> Template | Redirect:
    following = local_path(request.query_params.get("next"), _HOME)
    if maybe_person is not None:
        return go(following)
    return _login(request, site, demo_login, following=following)


@post("/login", status_code=200)
async def log_in(
    request: AnyRequest, site: Given[Site], door: Given[Door], demo_login: Given[DemoLogin | None]
) -> Template | Redirect:
    form = await read_form(request)
    email, following = form.get("email", ""), local_path(form.get("next"), _HOME)
    try:
        _, token = await door.log_in(email, form.get("password"), client_address(request))
    except Refusal as error:
        return _login(request, site, demo_login, following=following, email=email, refused=error)
    await _leave(request, site, door)
    return go(following, site.session_cookie(token))


@post("/logout", status_code=200)
async def log_out(request: AnyRequest, site: Given[Site], door: Given[Door]) -> Redirect:
    await _leave(request, site, door)
    return go("/login", site.no_session_cookie())


async def _leave(request: AnyRequest, site: Site, door: Door) -> None:
    token = site.session_token(request)
    if token is not None:
        await door.log_out(token)


def _login(
    request: AnyRequest,
    site: Site,
    demo_login: DemoLogin | None,
    *,
    following: str,
    email: str = "",
    refused: Refusal | None = None,
) -> Template:
    if isinstance(refused, NotFound):
        # One text for an unknown address and a wrong password, as in the API.
        status, problem = 401, "Nobody has this email and password. Check both, or ask a manager."
    elif isinstance(refused, TooMany) and refused.retry_after:
        minutes = -(-refused.retry_after // 60)
        status = refused.status
        problem = f"Too many failed logins. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
    else:
        status, problem = (refused.status, sentence(refused.message)) if refused else (200, "")
    page = site.draw(
        request,
        "people/login.html",
        status=status,
        for_anyone=True,
        following=following,
        email=email,
        problem=problem,
        demo_login=demo_login,
    )
    if refused is not None and refused.retry_after is not None:
        page.headers["Retry-After"] = str(refused.retry_after)
    return page


router = Router("/", route_handlers=[login_form, log_in, log_out])
