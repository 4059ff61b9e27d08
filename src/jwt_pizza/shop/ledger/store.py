"""The books in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.audit.model import Entry
from jwt_pizza.shop.audit.writing import write
from jwt_pizza.shop.ledger.model import AccountKind, account

SQL: Final = Queries(__package__)

_ALLOWANCE: Final = 600.0
"""Seconds for reading the whole history."""

INVARIANTS: Final = {
    "check_sum": "what diners paid and what stores got differ by {} satoshis",
    "check_owner": "{} transfers belong to no order",
    "check_accounts": "{} transfers are between the wrong accounts, of a wrong amount, or under a wrong id",
    "check_hold": "{} orders are not held as they are paid",
    "check_resolution": "{} orders contradict the resolution of their hold (captured ⇔ fulfilled, void ⇔ voided)",
    "check_refund": "{} orders contradict their refund",
    "check_items": "{} orders cost something else than their items",
    "check_pizzas": "{} charged orders have no pizza",
    "check_people": "{} orders are of a diner or store that never existed",
    "check_balances": "{} balances differ from the sum of their transfers",
    "check_vouchers": "{} discounts and voucher days do not belong together",
    "check_remedies": "{} refunds of amends are not in the books",
    "check_payouts": "{} payouts are not what their orders were refunded",
    "check_keys": "{} idempotency keys point to no order",
}


class Totals(msgspec.Struct, frozen=True):
    orders: int
    transfers: int
    captured: Satoshis
    refunded: Satoshis
    held: Satoshis


class PostgresLedger:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def of_stores(self, store_ids: Sequence[int]) -> Mapping[int, int]:
        accounts = {account(AccountKind.STORE, store_id): store_id for store_id in store_ids}
        rows = await self._postgres.fetch("ledger.of_stores", SQL["of_stores"], list(accounts))
        return {accounts[row["account"]]: row["amount"] for row in rows}

    async def refund(self, order_id: int, at: datetime, entry: Entry | None = None) -> Satoshis | None:
        """What the diner gets back; None when there is nothing to refund (any more)."""
        async with self._postgres.lease("ledger.refund") as connection, connection.transaction():
            total = await connection.fetchval(SQL["refund"], order_id, at)
            if total is None:
                return None
            await write(connection, entry)
        return Satoshis(total)

    async def fold(self) -> None:
        await self._postgres.execute("ledger.fold", SQL["fold"])

    async def broken(self) -> Sequence[str]:
        sentences = []
        async with (
            # The whole history is read: the deadline of a request does not fit.
            self._postgres.lease("ledger.check", allowance=_ALLOWANCE) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            for name, sentence in INVARIANTS.items():
                wrong = await connection.fetchval(SQL[name], timeout=_ALLOWANCE)
                if wrong:
                    sentences.append(sentence.format(wrong))
        return sentences

    async def totals(self) -> Totals:
        async with self._postgres.lease("ledger.totals", allowance=_ALLOWANCE) as connection:
            row = await connection.fetchrow(SQL["totals"], timeout=_ALLOWANCE)
        if row is None:
            raise LookupError("no totals")
        return Totals(**dict(row))
