"""The pizza factory: on its own, and as the part of the shop that bakes in-house."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ASGIApp

from jwt_pizza.apps import database, parts, zeros
from jwt_pizza.factory.badges import routes as badges
from jwt_pizza.factory.badges.service import BadgeDesk
from jwt_pizza.factory.badges.store import PostgresBadges
from jwt_pizza.factory.chaos import routes as chaos
from jwt_pizza.factory.chaos.service import ChaosDesk
from jwt_pizza.factory.chaos.store import PostgresAttacks
from jwt_pizza.factory.console import pages
from jwt_pizza.factory.console.pages import Console, Dashboard
from jwt_pizza.factory.pizzas import routes as pizzas
from jwt_pizza.factory.pizzas.service import Bakery, Kitchen
from jwt_pizza.factory.pizzas.store import PostgresBakes, PostgresKeys
from jwt_pizza.factory.vendors import routes as vendors
from jwt_pizza.factory.vendors.login import LoginDesk
from jwt_pizza.factory.vendors.model import Limits
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.factory.vendors.store import PostgresCodes, PostgresThrottle, PostgresVendors
from jwt_pizza.kernel.clock import Clock, SystemClock
from jwt_pizza.kernel.vitals import Notes, Unnoted
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.periodic import every
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings
from jwt_pizza.kit.telemetry import Telemetry
from jwt_pizza.web import assets, health, openapi, templates
from jwt_pizza.web.address import Address
from jwt_pizza.web.express import Lane
from jwt_pizza.web.operators import for_factory

ISSUER: Final = "jwt-pizza-factory"
_KEYS_EVERY: Final = 1.0
"""Seconds until a rotation by another process is followed; the old key verifies all the while."""
_KEPT: Final = timedelta(days=7)
"""How long orders at the oven and the vendors' logs are kept."""


class Factory(msgspec.Struct, frozen=True):
    """The wired factory."""

    keys: PostgresKeys
    bakery: Bakery
    vendor_desk: VendorDesk
    login_desk: LoginDesk
    chaos_desk: ChaosDesk
    kitchen: Kitchen
    badge_desk: BadgeDesk
    codes: PostgresCodes
    bakes: PostgresBakes


def _uncounted(result: str) -> None: ...


def factory(
    settings: Settings,
    postgres: Postgres,
    clock: Clock,
    count: Callable[[str], None] = _uncounted,
    notes: Notes = Unnoted(),  # noqa: B008 - has no state
) -> Factory:
    """`count` gets the result of each login."""
    lifetime = settings.pizza_hours * 3600
    keys = PostgresKeys(postgres, clock, lifetime=lifetime)
    bakery = Bakery(keys, clock, issuer=ISSUER, lifetime=lifetime, full_delay=settings.oven_full_seconds)
    stored_vendors = PostgresVendors(postgres, clock)
    throttle = PostgresThrottle(postgres)
    codes = PostgresCodes(postgres)
    bakes = PostgresBakes(postgres)
    limits = Limits(code=settings.code_minutes * 60)
    return Factory(
        keys=keys,
        bakery=bakery,
        vendor_desk=VendorDesk(stored_vendors, clock),
        login_desk=LoginDesk(stored_vendors, codes, throttle, parts.mail(settings), limits, clock, count),
        chaos_desk=ChaosDesk(
            PostgresAttacks(postgres, clock),
            throttle,
            clock,
            random.random,
            longest=settings.chaos_most_minutes * 60,
            throttle_delay=settings.throttle_seconds,
            notes=notes,
        ),
        kitchen=Kitchen(bakery, bakes, clock),
        badge_desk=BadgeDesk(PostgresBadges(postgres)),
        codes=codes,
        bakes=bakes,
    )


def lanes(made: Factory, settings: Settings, path: str, clock: Clock) -> dict[tuple[str, str], Lane]:
    root = path.rstrip("/")
    return {
        ("POST", f"{root}/api/order"): _bake_lane(made, settings, path, clock),
        ("POST", f"{root}/api/order/verify"): pizzas.verify_lane(made.bakery),
    }


def routes(made: Factory, settings: Settings, path: str, clock: Clock) -> Router:
    verify = pizzas.verify_lane(made.bakery)
    bake = _bake_lane(made, settings, path, clock)
    address = _address(settings, path)
    board = Dashboard(made.vendor_desk, made.chaos_desk, made.badge_desk, made.kitchen)
    operators = parts.operators(settings, for_factory(settings.ops_token))
    console = Console(path, secure=(settings.public_url or "").startswith("https://"))
    return Router(
        path,
        route_handlers=[
            pizzas.router,
            vendors.router,
            chaos.router,
            badges.router,
            pages.router,
            openapi.docs_route("/api/docs", path.rstrip("/") + "/api/", parts.VERSION, {"db": "PostgreSQL"}),
        ],
        dependencies={
            "bakery": Provide(lambda: made.bakery, sync_to_thread=False),
            "vendor_desk": Provide(lambda: made.vendor_desk, sync_to_thread=False),
            "login_desk": Provide(lambda: made.login_desk, sync_to_thread=False),
            "chaos_desk": Provide(lambda: made.chaos_desk, sync_to_thread=False),
            "badge_desk": Provide(lambda: made.badge_desk, sync_to_thread=False),
            "kitchen": Provide(lambda: made.kitchen, sync_to_thread=False),
            "factory_address": Provide(lambda: address, sync_to_thread=False),
            "board": Provide(lambda: board, sync_to_thread=False),
            "operators": Provide(lambda: operators, sync_to_thread=False),
            "console": Provide(lambda: console, sync_to_thread=False),
            "visitor": Provide(pages.visitor_of),
            "verify_pizza": Provide(lambda: verify, sync_to_thread=False),
            "bake_pizza": Provide(lambda: bake, sync_to_thread=False),
        },
    )


def _bake_lane(made: Factory, settings: Settings, path: str, clock: Clock) -> Lane:
    return pizzas.bake_lane(made.chaos_desk, made.kitchen, _address(settings, path), clock)


def _address(settings: Settings, path: str) -> Address:
    root = path.rstrip("/")
    under_the_shop = f"{settings.public_url}{root}" if settings.public_url and root else None
    return Address(settings.factory_url or under_the_shop, root)


@asynccontextmanager
async def running(made: Factory, clock: Clock, log: Log) -> AsyncIterator[None]:
    """The keys are loaded, and followed as they rotate."""
    await made.keys.load()

    async def prune() -> None:
        now = clock.now()
        await made.codes.prune(now, now - _KEPT)
        await made.bakes.prune(now - _KEPT)

    chores = [
        asyncio.create_task(every(_KEYS_EVERY, "follow key rotation", made.keys.refresh, clock, log)),
        asyncio.create_task(every(600, "prune the factory's records", prune, clock, log)),
    ]
    try:
        yield
    finally:
        for chore in chores:
            chore.cancel()
        await made.bakes.close()


def app(settings: Settings, database_url: str, clock: Clock | None = None) -> ASGIApp:
    log = parts.log_of("factory", settings)
    clock = clock or SystemClock()
    postgres = parts.pool(settings, database_url, "jwt-pizza factory", clock=clock)
    telemetry = Telemetry("factory", parts.VERSION, postgres, clock, log)
    zeros.factory()
    made = factory(settings, postgres, clock, telemetry.tally.login, telemetry.happenings)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with (
            parts.watched(postgres, settings, clock, log, telemetry),
            running(made, clock, log),
            parts.reported(telemetry, settings, clock, log),
        ):
            yield

    return parts.build(
        telemetry,
        settings=settings,
        log=log,
        title="JWT Pizza Factory",
        description="Bakes pizzas (signed JWTs) for vendors, and verifies them.",
        public_url=settings.public_url,
        home="/console",
        handlers=[
            routes(made, settings, "/", clock),
            health.router(checks(made, postgres), log, telemetry.flush),
            assets.router,
        ],
        dependencies={},
        lifespan=lifespan,
        lanes=lanes(made, settings, "/", clock),
        template_config=templates.engine(parts.VERSION),
    )


def checks(made: Factory, postgres: Postgres) -> dict[str, health.Check]:
    async def signing() -> str:
        return made.keys.current().kid

    return {"factory schema": database.schema_check(postgres, "factory"), "signing key": signing}
