"""What the auditor and the curious look at, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events.journal import append
from jwt_pizza.ops.events.model import Event, PagerDelayed
from jwt_pizza.ops.paging.model import Delay, Notified

SQL = Queries(__package__)


class PostgresLedger:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def mend(self, now: datetime, late_before: datetime) -> Sequence[Delay]:
        async with self._postgres.lease("paging.mend") as connection, connection.transaction():
            rows = await connection.fetch(SQL["delayed"], now, late_before)
            delays = [Delay(row["id"], row["was_due"]) for row in rows]
            events = [
                Event(
                    at=now,
                    group_id=delay.group_id,
                    fact=PagerDelayed(seconds=round((now - delay.was_due).total_seconds(), 3)),
                )
                for delay in delays
            ]
            await append(connection, events)
            return delays

    async def oldest(self, now: datetime) -> datetime | None:
        found: datetime | None = await self._postgres.fetchval("paging.oldest", SQL["oldest"], now)
        return found

    async def of_group(self, group_id: int) -> Sequence[Notified]:
        rows = await self._postgres.fetch("paging.of_group", SQL["of_group"], group_id)
        return [Notified(**dict(row)) for row in rows]
