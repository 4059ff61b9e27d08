"""Badges in PostgreSQL."""

from collections.abc import Mapping
from typing import Final

from jwt_pizza.factory.badges.model import Badge
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries

SQL: Final = Queries(__package__)


class PostgresBadges:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def find(self, account: str, name: str) -> Badge | None:
        row = await self._postgres.fetchrow("badges.find", SQL["find"], account, name)
        return Badge(row["label"], row["value"], row["color"]) if row else None

    async def put(self, account: str, name: str, badge: Badge) -> None:
        await self._postgres.execute("badges.put", SQL["put"], account, name, badge.label, badge.value, badge.color)

    async def of(self, account: str, *, take: int) -> Mapping[str, Badge]:
        rows = await self._postgres.fetch("badges.of", SQL["of"], account, take)
        return {row["badge"]: Badge(row["label"], row["value"], row["color"]) for row in rows}
