"""Shared pizzas and favourites in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.kit.batching import Batch, once
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.deliveries.model import Shared
from jwt_pizza.shop.orders.model import Order
from jwt_pizza.shop.orders.rows import order_of

SQL: Final = Queries(__package__)


class PostgresKeepsakes:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._shares: Batch[int, Shared | None] = Batch(self._shares_of)

    async def share_of(self, order_id: int) -> Shared | None:
        return await self._shares.ask(order_id)

    async def share(self, order_id: int, token: str, at: datetime) -> None:
        await self._postgres.execute("keepsakes.share", SQL["share"], order_id, token, at)

    async def unshare(self, order_id: int) -> None:
        await self._postgres.execute("keepsakes.unshare", SQL["unshare"], order_id)

    async def shown(self, token: str) -> Order | None:
        row = await self._postgres.fetchrow("keepsakes.shown", SQL["shown"], token)
        return order_of(row) if row else None

    async def _shares_of(self, order_ids: Sequence[int]) -> Sequence[Shared | None]:
        rows = await self._postgres.fetch("keepsakes.shares_of", SQL["shares_of"], once(order_ids))
        shares = {row["order_id"]: Shared(row["token"], row["shared_at"]) for row in rows}
        return [shares.get(order_id) for order_id in order_ids]

    async def favourites(self, diner_id: int, *, take: int) -> Sequence[Order]:
        rows = await self._postgres.fetch("keepsakes.favourites", SQL["favourites"], diner_id, take)
        return [order_of(row) for row in rows]

    async def keep(self, diner_id: int, order_id: int, at: datetime, *, most: int) -> None:
        await self._postgres.execute("keepsakes.keep", SQL["keep"], diner_id, order_id, at, most)

    async def drop(self, diner_id: int, order_id: int) -> None:
        await self._postgres.execute("keepsakes.drop", SQL["drop"], diner_id, order_id)

    async def count_receipt(self, order_id: int, *, most: int) -> bool:
        times = await self._postgres.fetchval("keepsakes.receipt", SQL["count_receipt"], order_id, most)
        return times is not None

    async def uncount_receipt(self, order_id: int) -> None:
        await self._postgres.execute("keepsakes.no_receipt", SQL["uncount_receipt"], order_id)
