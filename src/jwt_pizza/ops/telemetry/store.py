"""Snapshots, the leadership of the watch, and the pager's delay in PostgreSQL."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.vitals import Happening, Snapshot
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events.journal import append
from jwt_pizza.ops.events.model import Event
from jwt_pizza.ops.events.model import Happening as Fact
from jwt_pizza.ops.telemetry.model import Standing

SQL: Final = Queries(__package__)
_FRESH: Final = timedelta(minutes=1)
_SECONDS: Final = 0.6
"""The deadline of everything here: whoever waits is to go on without a database."""
_encode: Final = msgspec.json.Encoder().encode
_snapshot: Final = msgspec.json.Decoder(Snapshot).decode
_standing: Final = msgspec.json.Decoder(tuple[Standing, ...]).decode


class PostgresSnapshots:
    def __init__(self, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock

    async def keep(self, snapshot: Snapshot) -> None:
        bare = msgspec.structs.replace(snapshot, happenings=())
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._postgres.lease("telemetry.keep") as connection,
                connection.transaction(),
            ):
                await append(connection, [_event(snapshot, happening) for happening in snapshot.happenings])
                await connection.execute(
                    SQL["keep"],
                    snapshot.process,
                    snapshot.service,
                    snapshot.number,
                    self._clock.now(),
                    _encode(bare).decode(),
                )
        except TimeoutError as error:
            raise Unavailable("the database is too slow right now") from error

    async def read(self) -> Sequence[Snapshot]:
        try:
            async with asyncio.timeout(_SECONDS):
                rows = await self._postgres.fetch("telemetry.read", SQL["read"], self._clock.now() - _FRESH)
        except TimeoutError as error:
            raise Unavailable("the database is too slow right now") from error
        return [_snapshot(row["snapshot"]) for row in rows]


class PostgresLeadership:
    def __init__(self, postgres: Postgres, holder: str) -> None:
        """`holder` is of this process alone."""
        self._postgres = postgres
        self._holder = holder

    async def lead(self) -> Sequence[Standing] | None:
        try:
            async with asyncio.timeout(_SECONDS):
                standing = await self._postgres.fetchval("telemetry.lead", SQL["lead"], self._holder)
        except TimeoutError as error:
            raise Unavailable("the database is too slow right now") from error
        return None if standing is None else _standing(standing)

    async def write(self, standing: Sequence[Standing]) -> None:
        await self._postgres.execute("telemetry.write", SQL["write"], self._holder, _encode(standing).decode())

    async def resign(self) -> None:
        await self._postgres.execute("telemetry.resign", SQL["resign"], self._holder)


class PostgresPager:
    def __init__(self, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock

    async def overdue(self) -> float:
        try:
            async with asyncio.timeout(_SECONDS):
                late = await self._postgres.fetchval("telemetry.overdue", SQL["overdue"], self._clock.now())
        except TimeoutError as error:
            raise Unavailable("the database is too slow right now") from error
        return float(late)


def _event(snapshot: Snapshot, happening: Happening) -> Event:
    """By the sender's clock: when it happened there."""
    return Event(
        at=happening.at,
        fact=Fact(what=happening.what, source=snapshot.process, about=dict(happening.about)),
        actor=f"process:{snapshot.service}",
        key=f"happening:{happening.key}",
    )
