"""The shop's web pages: who is looking comes from a cookie here, never from a bearer token."""

from collections.abc import Sequence

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.plugins.jinja import JinjaTemplateEngine

from jwt_pizza.apps import demo, parts
from jwt_pizza.factory.pizzas.service import Bakery, NotAPizza
from jwt_pizza.kernel.errors import Unauthorized
from jwt_pizza.kernel.wire import Pizza
from jwt_pizza.kit.jwt import BadToken, read_header
from jwt_pizza.kit.settings import Settings
from jwt_pizza.shop.accounts import pages as accounts
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.accounts.pages import DemoLogin, Entrance
from jwt_pizza.shop.accounts.service import Sessions
from jwt_pizza.shop.menu import pages as menu
from jwt_pizza.shop.orders import pages as orders
from jwt_pizza.shop.ovens.gateway import HttpFactory
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.design import design
from jwt_pizza.web.error_pages import ErrorPages
from jwt_pizza.web.site import Site


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


def router(settings: Settings, sessions: Sessions, bakery: Bakery, remote: HttpFactory) -> Router:
    site = Site(settings.public_url, settings.session_hours * 3600)
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
        route_handlers=[accounts.router, menu.router, orders.router, design("shop.html")],
        dependencies={
            "site": Provide(lambda: site, sync_to_thread=False),
            "entrance": Provide(lambda: entrance, sync_to_thread=False),
            "inspector": Provide(lambda: inspector, sync_to_thread=False),
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
