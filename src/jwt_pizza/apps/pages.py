"""The shop's web pages: who is looking comes from a cookie here, never from a bearer token."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.plugins.jinja import JinjaTemplateEngine

from jwt_pizza.apps import demo, parts
from jwt_pizza.factory.pizzas.service import Bakery, NotAPizza
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Unauthorized
from jwt_pizza.kernel.wire import Pizza
from jwt_pizza.kit.jwt import BadToken, read_header
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.periodic import every
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings
from jwt_pizza.shop.accounts import pages as accounts
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.accounts.pages import DemoLogin, Entrance
from jwt_pizza.shop.accounts.service import Accountant, Sessions
from jwt_pizza.shop.audit.store import PostgresAuditLog
from jwt_pizza.shop.bulletins.gateway import HttpStatusPage
from jwt_pizza.shop.bulletins.service import Board
from jwt_pizza.shop.deliveries import pages as deliveries
from jwt_pizza.shop.deliveries import past
from jwt_pizza.shop.deliveries.gateway import MailedReceipts
from jwt_pizza.shop.deliveries.service import KeepsakeDesk
from jwt_pizza.shop.deliveries.store import PostgresKeepsakes
from jwt_pizza.shop.ledger.store import PostgresLedger
from jwt_pizza.shop.menu import pages as menu
from jwt_pizza.shop.office import pages as office
from jwt_pizza.shop.office import people, photographs, vouchers
from jwt_pizza.shop.office.service import OfficeDesk
from jwt_pizza.shop.office.store import PostgresCases
from jwt_pizza.shop.orders import pages as orders
from jwt_pizza.shop.orders.hatch import Hatch
from jwt_pizza.shop.orders.service import OrderDesk
from jwt_pizza.shop.ovens.gateway import HttpFactory
from jwt_pizza.shop.profile import pages as profile
from jwt_pizza.shop.profile.service import ProfileDesk
from jwt_pizza.shop.profile.store import PostgresBelongings
from jwt_pizza.shop.reading import pages as reading
from jwt_pizza.shop.reading.pages import Library
from jwt_pizza.shop.takings import pages as takings
from jwt_pizza.shop.takings.service import TakingsDesk
from jwt_pizza.shop.takings.store import PostgresTakings
from jwt_pizza.web import templates
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.design import design
from jwt_pizza.web.error_pages import ErrorPages
from jwt_pizza.web.site import Site

_BULLETIN_EVERY: Final = 5.0
"""Seconds until an incident that ops tells of is on every page."""

_LOOK: Final = 10.0
"""Seconds of one look into the oven, at the most."""


class Front(msgspec.Struct, frozen=True):
    """What pages alone need. `board` is None where there is no ops to ask."""

    hatch: Hatch
    keepsakes: KeepsakeDesk
    profile_desk: ProfileDesk
    takings_desk: TakingsDesk
    office_desk: OfficeDesk
    board: Board | None


def front(settings: Settings, postgres: Postgres, accountant: Accountant, desk: OrderDesk, clock: Clock) -> Front:
    board = Board(HttpStatusPage(settings.ops_url, settings.ops_public_url)) if settings.ops_url else None
    return Front(
        hatch=Hatch(desk, clock, longest=min(_LOOK, settings.request_seconds / 2)),
        keepsakes=KeepsakeDesk(PostgresKeepsakes(postgres), desk, _post(settings), clock),
        profile_desk=ProfileDesk(PostgresBelongings(postgres), accountant, desk, clock),
        takings_desk=TakingsDesk(PostgresTakings(postgres), clock),
        office_desk=OfficeDesk(PostgresCases(postgres), PostgresLedger(postgres), PostgresAuditLog(postgres), clock),
        board=board,
    )


def _post(settings: Settings) -> MailedReceipts:
    drawing = templates.engine(parts.VERSION).engine_instance
    return MailedReceipts(
        parts.mail(settings),
        html=drawing.get_template("mail/receipt.html"),
        text=drawing.get_template("mail/receipt.txt"),
        shop=settings.public_url or settings.url,
    )


@asynccontextmanager
async def running(made: Front, clock: Clock, log: Log) -> AsyncIterator[None]:
    looking = None
    if made.board is not None:
        await made.board.refresh()
        looking = asyncio.create_task(every(_BULLETIN_EVERY, "look for incidents", made.board.refresh, clock, log))
    try:
        yield
    finally:
        if looking is not None:
            looking.cancel()
        await made.hatch.close()


class KitchenInspector:
    """Knows the pizzas of every oven that the shop bakes in: its own, and the factory's if the policy has one."""

    def __init__(self, bakery: Bakery, remote: HttpFactory | None) -> None:
        self._bakery = bakery
        self._remote = remote

    async def inspect(self, jwt: str) -> Pizza | None:
        try:
            return await self._bakery.verify(jwt, read_header(jwt).kid)
        except BadToken:
            return None
        except NotAPizza:
            return await self._remote.inspect(jwt) if self._remote else None

    async def keys(self) -> bytes:
        own = (await self._bakery.jwks()).keys
        remote = await self._remote.published() if self._remote else ()
        return msgspec.json.encode({"keys": [*own, *(key for key in remote if key not in own)]})


def router(made: Front, settings: Settings, sessions: Sessions, bakery: Bakery, remote: HttpFactory) -> Router:
    library = Library(settings.ops_public_url or settings.ops_url)

    def always(request: AnyRequest) -> dict[str, object]:
        return {
            "incident": made.board.bulletin if made.board else None,
            "status_page": library.status_page,
            "pays_first": settings.policy == "factory-only",
            "doors": request.state.get("doors", ()),
        }

    site = Site(settings.public_url, settings.session_hours * 3600, always=always)
    inspector = KitchenInspector(bakery, remote if settings.policy != "in-house" else None)
    entrance = Entrance(shortest_password=settings.shortest_password, demo_logins=_demo_logins(settings))

    async def visitor(request: AnyRequest) -> Caller | None:
        return await accounts.visitor_of(request, site, sessions)

    async def caller(visitor: Given[Caller | None]) -> Caller:
        if visitor is None:
            raise Unauthorized
        return visitor

    return Router(
        "/",
        route_handlers=[
            accounts.router,
            menu.router,
            orders.router,
            deliveries.router,
            past.router,
            profile.router,
            takings.router,
            office.router,
            people.router,
            vouchers.router,
            photographs.router(site),
            reading.router,
            design("shop.html"),
        ],
        dependencies={
            "site": Provide(lambda: site, sync_to_thread=False),
            "entrance": Provide(lambda: entrance, sync_to_thread=False),
            "inspector": Provide(lambda: inspector, sync_to_thread=False),
            "hatch": Provide(lambda: made.hatch, sync_to_thread=False),
            "keepsakes": Provide(lambda: made.keepsakes, sync_to_thread=False),
            "profile_desk": Provide(lambda: made.profile_desk, sync_to_thread=False),
            "takings_desk": Provide(lambda: made.takings_desk, sync_to_thread=False),
            "office_desk": Provide(lambda: made.office_desk, sync_to_thread=False),
            "library": Provide(lambda: library, sync_to_thread=False),
            "version": Provide(lambda: parts.VERSION, sync_to_thread=False),
            "visitor": Provide(visitor),
            "caller": Provide(caller),
        },
        before_request=site.refuse_forgeries,
        # A page shows who is logged in: after logging out no copy is left. What may be sent twice carries a key.
        cache_control=CacheControlHeader(no_store=True),
        include_in_schema=False,
    )


def errors(engine: JinjaTemplateEngine) -> ErrorPages:
    return ErrorPages(engine, layout="shop.html", login="/login", aside=_aside)


def _demo_logins(settings: Settings) -> Sequence[DemoLogin]:
    return [DemoLogin(email, password, role) for _, email, password, role in demo.USERS] if settings.demo else []


def _aside(method: str, path: str, status: int) -> str:
    if method != "POST" or path != "/checkout":
        return ""
    if status < 500:
        return "You were not charged."
    return (
        "If your order went through, it is among your orders. If it is not there, go back and pay again: "
        "an order is charged at most once."
    )
