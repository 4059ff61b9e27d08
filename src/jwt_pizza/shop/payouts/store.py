"""The outbox of refunds in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.payouts.model import Payout, PayoutLine, Receipt

SQL: Final = Queries(__package__)


class PostgresPayouts:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def claim(self, at: datetime, until: datetime, *, take: int) -> Sequence[Payout]:
        rows = await self._postgres.fetch("payouts.claim", SQL["claim"], at, until, take)
        return [Payout(row["order_id"], row["name"], Satoshis(row["amount"]), row["attempts"]) for row in rows]

    async def sent(self, order_id: int, receipt: Receipt, at: datetime) -> None:
        await self._postgres.execute("payouts.sent", SQL["sent"], order_id, receipt.reference, receipt.link, at)

    async def postpone(self, order_id: int, until: datetime, error: str) -> None:
        await self._postgres.execute("payouts.postpone", SQL["postpone"], order_id, until, error)

    async def give_up(self, order_id: int, error: str) -> None:
        await self._postgres.execute("payouts.give_up", SQL["give_up"], order_id, error)

    async def of_incident(self, incident: str) -> Sequence[PayoutLine]:
        rows = await self._postgres.fetch("payouts.of_incident", SQL["of_incident"], incident)
        return [PayoutLine(**dict(row)) for row in rows]
