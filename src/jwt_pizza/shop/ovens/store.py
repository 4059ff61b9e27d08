"""Recorded attempts in PostgreSQL. They are written by the statement that resolves their order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.ovens.model import Forced, RecordedAttempt, Sought

SQL: Final = Queries(__package__)


class PostgresAttempts:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def recent(self, sought: Sought) -> Sequence[RecordedAttempt]:
        failed = sought.only_failed or sought.reason not in {None, "good"}
        rows = await self._postgres.fetch(
            "ovens.recent",
            SQL["failed" if failed else "recent"],
            sought.take,
            sought.before,
            sought.order_id,
            sought.oven,
            sought.reason,
        )
        return [RecordedAttempt(**dict(row)) for row in rows]

    async def get(self, attempt_id: int) -> RecordedAttempt | None:
        row = await self._postgres.fetchrow("ovens.get", SQL["get"], attempt_id)
        return RecordedAttempt(**dict(row)) if row else None


class PostgresForcing:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def force(self, until: datetime, *, by: str, at: datetime) -> Forced:
        row = await self._postgres.fetchrow("ovens.force", SQL["force"], until, at, by)
        if row is None:
            raise LookupError("what was written is gone")
        return Forced(**dict(row))

    async def current(self, at: datetime) -> Forced | None:
        row = await self._postgres.fetchrow("ovens.forced", SQL["forced"], at)
        return Forced(**dict(row)) if row else None

    async def end(self) -> None:
        await self._postgres.execute("ovens.unforce", SQL["unforce"])
