"""Diners and their orders in PostgreSQL, for who looks after them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.audit.model import Entry
from jwt_pizza.shop.audit.writing import write
from jwt_pizza.shop.office.model import CaseDiner, CaseOrder, Voucher, VoucherState

SQL: Final = Queries(__package__)


class PostgresCases:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def order(self, order_id: int) -> CaseOrder | None:
        row = await self._postgres.fetchrow("office.order", SQL["order"], order_id)
        return msgspec.convert(dict(row), CaseOrder) if row else None

    async def orders_of(self, diner_id: int, *, take: int) -> Sequence[CaseOrder]:
        rows = await self._postgres.fetch("office.orders_of", SQL["orders_of"], diner_id, take)
        return [msgspec.convert(dict(row), CaseOrder) for row in rows]

    async def find_diner(self, email_key: str) -> int | None:
        found = await self._postgres.fetchval("office.find_diner", SQL["find_diner"], email_key)
        return found if isinstance(found, int) else None

    async def diner(self, diner_id: int) -> CaseDiner | None:
        row = await self._postgres.fetchrow("office.diner", SQL["diner"], diner_id)
        return msgspec.convert(dict(row), CaseDiner) if row else None

    async def vouchers(
        self, *, state: VoucherState | None, sought: str | None, before: int | None, take: int
    ) -> Sequence[Voucher]:
        rows = await self._postgres.fetch("office.vouchers", SQL["vouchers"], state, sought, before, take)
        return [msgspec.convert(dict(row), Voucher) for row in rows]

    async def grant_voucher(self, diner_id: int, reason: str, entry: Entry) -> bool:
        return await self._voucher("grant_voucher", diner_id, entry, reason, entry.at)

    async def revoke_voucher(self, diner_id: int, entry: Entry) -> bool:
        return await self._voucher("revoke_voucher", diner_id, entry, entry.at)

    async def _voucher(self, query: str, diner_id: int, entry: Entry, *values: object) -> bool:
        async with self._postgres.lease(f"office.{query}") as connection, connection.transaction():
            if await connection.fetchval(SQL[query], diner_id, *values) is None:
                return False
            await connection.execute(SQL["voucher_changed"], diner_id)
            await write(connection, entry)
        return True
