"""The audit log in PostgreSQL: a read of the one log of what happened."""

from collections.abc import Sequence
from typing import Final

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.audit.model import Asked
from jwt_pizza.ops.events.journal import recorded
from jwt_pizza.ops.events.model import Recorded

SQL: Final = Queries(__package__)


class PostgresTrail:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def read(self, asked: Asked) -> Sequence[Recorded]:
        rows = await self._postgres.fetch("audit.read", SQL["read"], asked.sort, asked.actor, asked.before, asked.limit)
        return [recorded(row) for row in rows]
