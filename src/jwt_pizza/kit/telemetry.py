"""What one deployable says about itself: counts, happenings, what it costs, whether it reaches its database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.vitals import Database, Service, Vitals
from jwt_pizza.kit import metrics, periodic, process
from jwt_pizza.kit.happenings import Happenings
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.postgres import UNREACHABLE, Postgres
from jwt_pizza.kit.tally import Tally

EVERY: Final = 0.5
"""Seconds between two looks at everything."""
_PING_SECONDS: Final = 2.0


def _nothing_more(vitals: Vitals) -> Vitals:
    return vitals


class Telemetry:
    """`more` adds what only the deployable knows to its vitals."""

    def __init__(self, service: Service, version: str, postgres: Postgres, clock: Clock, log: Log) -> None:
        self.service = service
        self.version = version
        self.process = process.identity(service, clock)
        self.happenings = Happenings(self.process, clock)
        self.tally = Tally(service, clock, self.happenings)
        self.more: Callable[[Vitals], Vitals] = _nothing_more
        self._postgres = postgres
        self._clock = clock
        self._log = log
        self._body = process.Body(service, clock)
        self._reachable = metrics.DATABASE_UP.labels(service)
        self._lost_at: float | None = None
        self._error = ""
        metrics.BUILD.labels(service, version).set(1)

    def vitals(self) -> Vitals:
        lost = None if self._lost_at is None else round(self._clock.monotonic() - self._lost_at, 3)
        return self.more(
            Vitals(
                pool=self._postgres.state(),
                leases=self._postgres.holdings(),
                counts=self.tally.counts(),
                machine=self._body.machine(),
                works=tuple(periodic.works(self.service)),
                database=Database(unreachable=lost, error=self._error),
            )
        )

    def flush(self) -> None:
        """Into the metrics."""
        self.tally.flush()
        self._body.flush()
        self._reachable.set(self._lost_at is None)

    async def ping(self) -> None:
        """Notes whether the database can be reached. A pool that is busy says nothing about that."""
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await self._postgres.fetchval("telemetry.ping", "SELECT 1")
        except TimeoutError:
            self._lost("it does not answer")
        except Unavailable as refusal:
            # Whatever the server says to this: it is that nobody gets in.
            if isinstance(refusal.__cause__, (*UNREACHABLE, asyncpg.PostgresError)):
                self._lost(type(refusal.__cause__).__name__)
        else:
            self._found()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async def flush() -> None:
            self.flush()

        self.happenings.note("process.started", service=self.service, version=self.version)
        chores = [
            asyncio.create_task(self._body.feel()),
            asyncio.create_task(periodic.every(EVERY, "count", flush, self._clock, self._log)),
            asyncio.create_task(periodic.every(EVERY, "ping the database", self.ping, self._clock, self._log)),
        ]
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            self.flush()

    def _lost(self, error: str) -> None:
        if self._lost_at is None:
            self._lost_at = self._clock.monotonic()
            self.happenings.note("database.unreachable", service=self.service, error=error)
            self._log.warning("database unreachable", reason=error)
        self._error = error

    def _found(self) -> None:
        if self._lost_at is not None:
            seconds = round(self._clock.monotonic() - self._lost_at, 1)
            self._lost_at, self._error = None, ""
            self.happenings.note("database.back", service=self.service, seconds=seconds)
            self._log.info("database back", seconds=seconds)
