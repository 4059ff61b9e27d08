"""Figures are read from what happened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.statistics.model import Course, Woken

SQL: Final = Queries(__package__)


class PostgresRecords:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def courses(self, since: datetime, until: datetime) -> Sequence[Course]:
        rows = await self._postgres.fetch("statistics.courses", SQL["courses"], since, until)
        return [Course(row["opened_at"], row["acknowledged_at"], row["resolved_at"]) for row in rows]

    async def woken(self, since: datetime, until: datetime) -> Sequence[Woken]:
        rows = await self._postgres.fetch("statistics.woken", SQL["woken"], since, until)
        return [Woken(row["person_id"], row["name"], row["hour"], row["pages"]) for row in rows]
