"""Operations, in a process of its own: a saturated or dead shop does not take it along."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp

from jwt_pizza.apps import parts
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.settings import Settings
from jwt_pizza.ops.status import routes as status
from jwt_pizza.ops.status.gateway import HttpProbe
from jwt_pizza.ops.status.service import Lookout
from jwt_pizza.web import health, openapi, templates


def app(settings: Settings, database_url: str) -> ASGIApp:
    log = parts.log_of("ops", settings)
    postgres = parts.pool(settings, database_url, "jwt-pizza ops")
    lookout = Lookout(
        [
            HttpProbe("shop", f"{settings.url}/readyz"),
            HttpProbe("factory", f"{settings.url}/factory/.well-known/jwks.json"),
        ]
    )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with parts.watched(postgres, settings, SystemClock(), log):
            yield

    async def reachable() -> bool:
        return bool(await postgres.fetchval("readyz", "SELECT true"))

    return parts.build(
        "ops",
        settings=settings,
        log=log,
        title="JWT Pizza Ops",
        description="Is each part of the system up?",
        handlers=[
            status.router,
            health.router({"database": reachable}, log),
            openapi.ui_files(),
            templates.static_files(),
        ],
        dependencies={
            "lookout": Provide(lambda: lookout, sync_to_thread=False),
            "version": Provide(lambda: parts.VERSION, sync_to_thread=False),
        },
        lifespan=lifespan,
        template_config=templates.engine(parts.VERSION),
    )
