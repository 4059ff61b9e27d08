"""The stores' books in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.takings.model import BestSeller, BookLine, Day, StoreOfBooks

SQL: Final = Queries(__package__)


class PostgresTakings:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def stores(self, franchise_id: int) -> Sequence[StoreOfBooks]:
        rows = await self._postgres.fetch("takings.stores", SQL["stores"], franchise_id)
        return [msgspec.convert(dict(row), StoreOfBooks) for row in rows]

    async def days(self, store_ids: Sequence[int], since: datetime) -> Sequence[Day]:
        rows = await self._postgres.fetch("takings.days", SQL["days"], list(store_ids), since)
        return [msgspec.convert(dict(row), Day) for row in rows]

    async def best_sellers(self, store_ids: Sequence[int], since: datetime, *, take: int) -> Sequence[BestSeller]:
        rows = await self._postgres.fetch("takings.best", SQL["best_sellers"], list(store_ids), since, take)
        return [msgspec.convert(dict(row), BestSeller) for row in rows]

    async def lines(
        self, store_ids: Sequence[int], since: datetime, until: datetime, *, special: bool, skip: int, take: int
    ) -> Sequence[BookLine]:
        values = (list(store_ids), since, until, special, skip, take)
        rows = await self._postgres.fetch("takings.lines", SQL["lines"], *values)
        return [msgspec.convert(dict(row), BookLine) for row in rows]
