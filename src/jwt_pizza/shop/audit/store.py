"""The audit log in PostgreSQL."""

from collections.abc import Sequence
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.audit.model import Recorded

SQL: Final = Queries(__package__)


class PostgresAuditLog:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def page(self, *, verb: str | None, subject: str | None, before: int | None, take: int) -> Sequence[Recorded]:
        rows = await self._postgres.fetch("audit.page", SQL["page"], verb, subject, before, take)
        return [msgspec.convert(dict(row), Recorded) for row in rows]
