"""What is new of that which people look at."""

from collections.abc import Collection, Mapping
from typing import Final, get_args

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.console.following import Kind, Subject

SQL: Final = Queries(__package__)


class PostgresMarks:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def read(self, subjects: Collection[Subject]) -> Mapping[Subject, str]:
        ids = [[number for each, number in subjects if each == kind] for kind in get_args(Kind)]
        rows = await self._postgres.fetch("console.marks", SQL["marks"], *ids)
        return {(row["kind"], row["id"]): row["mark"] for row in rows}
