"""The log in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.events.journal import SQL, append, recorded
from jwt_pizza.ops.events.model import Event, Recorded


class PostgresEvents:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def record(self, events: Sequence[Event]) -> None:
        async with self._postgres.lease("events.record") as connection:
            await append(connection, events)

    async def of_group(self, group_id: int) -> Sequence[Recorded]:
        return [recorded(row) for row in await self._postgres.fetch("events.of_group", SQL["of_group"], group_id)]

    async def between(self, since: datetime, until: datetime, *, take: int) -> Sequence[Recorded]:
        rows = await self._postgres.fetch("events.between", SQL["between"], since, until, take)
        return [recorded(row) for row in rows]
