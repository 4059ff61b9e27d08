"""Everything in one process and one event loop, for drills: the shop with its factory, and ops, under a clock."""

import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from jwt_pizza.apps import demo, ops, parts, shop
from jwt_pizza.apps.ops import demo as ops_demo
from jwt_pizza.factory.vendors.model import OPERATOR, SHOP
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.factory.vendors.store import PostgresVendors
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit import http, supervisor
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings
from jwt_pizza.ops.people.model import Channel
from jwt_pizza.shop.ledger.store import PostgresLedger


class Addresses(msgspec.Struct, frozen=True):
    """`operator_key`: of the factory's admin vendor."""

    shop: str
    factory: str
    ops: str
    operator_key: str


@asynccontextmanager
async def running(
    settings: Settings, database_url: str, clock: Clock, reached_by: Sequence[Channel]
) -> AsyncIterator[Addresses]:
    """On a migrated database, which is filled with the demo's data. `reached_by`: contacts of the engineer."""
    async with parts.opened(parts.pool(settings, database_url, "jwt-pizza drill", clock=clock)) as postgres:
        await demo.seed(postgres, clock)
        await ops_demo.seed(postgres, clock, reached_by=reached_by)
        desk = VendorDesk(PostgresVendors(postgres, clock), clock)
        operator_key = await desk.lend(OPERATOR)
        shop_key = await desk.add(SHOP.id, SHOP.name)
    places = {name: supervisor.listen("127.0.0.1", 0, 1)[0] for name in ("ops", "shop")}
    at = Addresses(
        shop=_url(places["shop"]),
        factory=f"{_url(places['shop'])}/factory",
        ops=_url(places["ops"]),
        operator_key=operator_key,
    )
    settings = msgspec.structs.replace(
        settings,
        demo=True,
        url=at.shop,
        ops_url=at.ops,
        ops_public_url=at.ops,
        ops_token=secrets.token_urlsafe(),
        factory_url=at.factory,
        factory_api_key=shop_key,
    )
    apps = {
        "ops": ops.app(settings, database_url, clock),
        "shop": shop.app(settings, database_url, clock),
    }
    async with AsyncExitStack() as stack:
        for name, place in places.items():
            await stack.enter_async_context(http.visiting(apps[name], place))
        yield at


async def broken_books(postgres: Postgres) -> Sequence[str]:
    """What `ledger check` says."""
    return await PostgresLedger(postgres).broken()


def _url(place: socket.socket) -> str:
    host, port = place.getsockname()[:2]
    return f"http://{host}:{port}"
