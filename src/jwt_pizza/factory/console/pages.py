"""The vendor console: log in by a mailed code, get an API key, attack the factory, look at the last orders."""

from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import CacheControlHeader, Cookie
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from jwt_pizza.factory.badges.service import BadgeDesk
from jwt_pizza.factory.chaos.model import EXPLAINED, Plan
from jwt_pizza.factory.chaos.service import ChaosDesk
from jwt_pizza.factory.pizzas.service import Kitchen
from jwt_pizza.factory.vendors.login import LoginDesk
from jwt_pizza.factory.vendors.model import Vendor
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.errors import Invalid, Refusal, Unauthorized
from jwt_pizza.web import csrf
from jwt_pizza.web.api import AnyRequest, client_address

_SESSION: Final = "factory_session"
_CSRF: Final = "factory_csrf"


class Console(msgspec.Struct, frozen=True):
    """Where the console lives, and whether browsers reach it by https."""

    path: str
    secure: bool

    @property
    def root(self) -> str:
        return f"{self.path.rstrip('/')}/console"

    def page(self, request: AnyRequest, name: str, status: int = 200, **shown: object) -> Template:
        token = csrf.token_of(request, _CSRF)
        return Template(
            f"vendors/{name}.html",
            context={
                "root": self.root,
                "csrf": token,
                "base": self.path.rstrip("/"),
                "problem": "",
                "inside": name not in {"login", "code"},
                **shown,
            },
            status_code=status,
            cookies=[csrf.cookie_of(token, _CSRF, self.root, secure=self.secure)],
        )

    def session(self, token: str) -> Cookie:
        return Cookie(key=_SESSION, value=token, path=self.root, httponly=True, samesite="strict", secure=self.secure)


class Dashboard(msgspec.Struct, frozen=True):
    """What the console's page shows and does."""

    vendor_desk: VendorDesk
    chaos_desk: ChaosDesk
    badge_desk: BadgeDesk
    kitchen: Kitchen


async def form_of(request: AnyRequest) -> Mapping[str, str]:
    """The form's text fields; raises Forbidden when it is not from a page of ours."""
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    csrf.check(request, _CSRF, fields.get(csrf.FIELD, ""))
    return fields


@get("/")
async def home(
    request: AnyRequest,
    console: Given[Console],
    visitor: Given[Vendor | None],
    board: Given[Dashboard],
) -> Template:
    if visitor is None:
        return console.page(request, "login")
    return await _dashboard(request, console, visitor, board)


@post("/code", status_code=200)
async def send_code(request: AnyRequest, console: Given[Console], login_desk: Given[LoginDesk]) -> Template:
    form = await form_of(request)
    vendor_id = form.get("id", "").strip()
    try:
        if not vendor_id:
            raise Invalid("the vendor's id is required")
        sent = await login_desk.send_code(vendor_id, client_address(request))
    except Refusal as refusal:
        return console.page(request, "login", refusal.status, problem=refusal.message)
    return console.page(request, "code", vendor_id=vendor_id, email=sent.email)


@post("/session", status_code=303)
async def log_in(
    request: AnyRequest, console: Given[Console], login_desk: Given[LoginDesk]
) -> Response[bytes] | Redirect | Template:
    form = await form_of(request)
    vendor_id = form.get("id", "").strip()
    try:
        await login_desk.use_code(vendor_id, form.get("code", ""), client_address(request))
    except Refusal as refusal:
        return console.page(request, "code", refusal.status, vendor_id=vendor_id, email="", problem=refusal.message)
    token = await login_desk.open_session(vendor_id)
    return Redirect(console.root, status_code=303, cookies=[console.session(token)])


@post("/logout", status_code=303)
async def log_out(request: AnyRequest, console: Given[Console], login_desk: Given[LoginDesk]) -> Redirect:
    await form_of(request)
    await login_desk.end_session(request.cookies.get(_SESSION))
    return Redirect(console.root, status_code=303)


@post("/key", status_code=200)
async def issue_key(
    request: AnyRequest, console: Given[Console], visitor: Given[Vendor | None], vendor_desk: Given[VendorDesk]
) -> Template:
    form = await form_of(request)
    vendor = _known(visitor)
    only = form.get("only") == "yes"
    key = await vendor_desk.issue(vendor.id, replace=only)
    return console.page(request, "key", vendor=vendor, key=key, only=only)


@post("/chaos", status_code=303)
async def start_chaos(
    request: AnyRequest,
    console: Given[Console],
    visitor: Given[Vendor | None],
    board: Given[Dashboard],
) -> Redirect | Template:
    form = await form_of(request)
    vendor = _known(visitor)
    try:
        plan = Plan(
            kind=form.get("kind", ""),
            probability=_number(form, "percent", 100.0) / 100,
            after=_number(form, "after", 0.0),
            length=_number(form, "minutes", 10.0) * 60,
        )
        await board.chaos_desk.start_own(vendor, plan)
    except Refusal as refusal:
        return await _dashboard(request, console, vendor, board, refusal.status, refusal.message)
    return Redirect(console.root, status_code=303)


@post("/chaos/end", status_code=303)
async def stop_chaos(
    request: AnyRequest, console: Given[Console], visitor: Given[Vendor | None], chaos_desk: Given[ChaosDesk]
) -> Redirect:
    await form_of(request)
    await chaos_desk.stop_own(_known(visitor))
    return Redirect(console.root, status_code=303)


@post("/badge", status_code=303)
async def make_badge(
    request: AnyRequest,
    console: Given[Console],
    visitor: Given[Vendor | None],
    board: Given[Dashboard],
) -> Redirect | Template:
    form = await form_of(request)
    vendor = _known(visitor)
    try:
        label, value, color = form.get("label", ""), form.get("value", ""), form.get("color", "#23632f")
        await board.badge_desk.make(vendor, vendor.id, form.get("name", ""), label=label, value=value, color=color)
    except Refusal as refusal:
        return await _dashboard(request, console, vendor, board, refusal.status, refusal.message)
    return Redirect(f"{console.root}#badges", status_code=303)


@post("/rating", status_code=303)
async def rate(
    request: AnyRequest, console: Given[Console], visitor: Given[Vendor | None], board: Given[Dashboard]
) -> Redirect | Template:
    """Pairs the vendor with another that waits for the same purpose, or rates the one that it has."""
    form = await form_of(request)
    vendor = _known(visitor)
    try:
        if "rating" in form:
            rating = int(_number(form, "rating", 0.0))
            await board.vendor_desk.rate(vendor, None, form.get("purpose", ""), rating)
        else:
            await board.vendor_desk.connect(vendor, form.get("purpose", ""))
    except Refusal as refusal:
        return await _dashboard(request, console, vendor, board, refusal.status, refusal.message)
    return Redirect(f"{console.root}#connections", status_code=303)


async def _dashboard(
    request: AnyRequest,
    console: Console,
    vendor: Vendor,
    board: Dashboard,
    status: int = 200,
    problem: str = "",
) -> Template:
    attack = await board.chaos_desk.own(vendor)
    bakes = await board.kitchen.recent(vendor.id)
    return console.page(
        request,
        "console",
        status,
        vendor=await board.vendor_desk.show(vendor.id),
        badges=await board.badge_desk.of(vendor),
        attack=attack,
        ends_at=iso(attack.ends_at) if attack else "",
        starts_at=iso(attack.starts_at) if attack else "",
        kinds=EXPLAINED,
        bakes=[(bake, iso(bake.at)) for bake in bakes],
        problem=problem,
    )


def _known(visitor: Vendor | None) -> Vendor:
    if visitor is None:
        raise Unauthorized("please log in to the console first")
    return visitor


def _number(form: Mapping[str, str], name: str, default: float) -> float:
    try:
        return msgspec.convert(form.get(name) or default, float, strict=False)
    except msgspec.ValidationError:
        raise Invalid(f"{name} must be a number") from None


async def visitor_of(request: AnyRequest, login_desk: Given[LoginDesk]) -> Vendor | None:
    """Who is logged in to the console."""
    return await login_desk.session(request.cookies.get(_SESSION))


_HANDLERS: Final[list[ControllerRouterHandler]] = [
    home,
    send_code,
    log_in,
    log_out,
    issue_key,
    start_chaos,
    stop_chaos,
    make_badge,
    rate,
]

router = Router(
    "/console",
    route_handlers=_HANDLERS,
    # A page may show a key: no copy is left anywhere.
    cache_control=CacheControlHeader(no_store=True),
    include_in_schema=False,
)
