"""A process of ops that has nothing but its watch, on a real socket and a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from litestar import Litestar

from jwt_pizza.apps import parts
from jwt_pizza.apps.ops import telemetry
from jwt_pizza.apps.ops.base import Base
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit import settings
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.telemetry import Telemetry
from jwt_pizza.ops.alerts.model import Incoming
from jwt_pizza.ops.events.store import PostgresEvents
from jwt_pizza.ops.telemetry.fleet import Fleet
from tests.running import Running, serving


class Heard:
    """An intake that a test waits for."""

    def __init__(self) -> None:
        self.alerts: list[Incoming] = []
        self._changed = asyncio.Condition()

    async def take(self, alerts: tuple[Incoming, ...]) -> None:
        async with self._changed:
            self.alerts.extend(alerts)
            self._changed.notify_all()

    async def until(self, name: str) -> Incoming:
        """The first alert of that name; waits for it."""

        def found() -> Incoming | None:
            return next((alert for alert in self.alerts if alert.labels["alertname"] == name), None)

        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(found)
        alert = found()
        assert alert is not None
        return alert


@asynccontextmanager
async def running_watch(database_url: str, heard: Heard, **changes: object) -> AsyncIterator[Running]:
    loaded = msgspec.structs.replace(settings.load({}), **{"pool_size": 3, **changes})
    log, clock = Log("ops", level="error"), SystemClock()
    postgres = parts.pool(loaded, database_url, "jwt-pizza ops", clock=clock)
    own = Telemetry("ops", "test", postgres, clock, log)
    part = telemetry.part(Base(loaded, postgres, clock, log, PostgresEvents(postgres)), own, heard, Fleet())

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        assert part.running is not None
        async with parts.watched(postgres, loaded, clock, log, own), part.running():
            yield

    app = parts.build(
        own,
        settings=loaded,
        log=log,
        title="watch",
        description="",
        public_url=None,
        handlers=list(part.handlers),
        dependencies=dict(part.dependencies),
        lifespan=lifespan,
        lanes=part.lanes,
    )
    async with serving(app) as running:
        yield running
