"""Subscribers and their letters in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.kit.postgres import Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.status.subscribers import Letter

SQL: Final = Queries(__package__)


class PostgresSubscribers:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def secret(self) -> bytes:
        return bytes(await self._postgres.fetchval("status.secret", SQL["secret"]))

    async def ask(self, address: str, key: str, message_id: str, at: datetime) -> None:
        async with self._postgres.lease("status.ask") as connection, connection.transaction():
            row = await connection.fetchrow(SQL["ask"], address, key, at)
            if row is None:
                raise LookupError("a subscriber that was just written is gone")
            kind = "known" if row["confirmed"] else "confirm"
            await connection.execute(SQL["queue_answer"], message_id, row["id"], kind, at)

    async def confirm(self, subscriber_id: int, at: datetime) -> bool:
        return await self._postgres.fetchval("status.confirm", SQL["confirm"], subscriber_id, at) is not None

    async def unsubscribe(self, subscriber_id: int) -> bool:
        return await self._postgres.fetchval("status.unsubscribe", SQL["unsubscribe"], subscriber_id) is not None

    async def forget(self, unconfirmed_before: datetime, letters_before: datetime) -> None:
        await self._postgres.execute("status.forget_letters", SQL["forget_letters"], letters_before)
        await self._postgres.execute("status.forget_unconfirmed", SQL["forget_unconfirmed"], unconfirmed_before)

    async def claim(self, at: datetime, until: datetime, *, take: int) -> Sequence[Letter]:
        rows = await self._postgres.fetch("status.claim", SQL["claim"], at, until, take)
        return [_letter(row) for row in rows]

    async def sent(self, message_ids: Sequence[str], at: datetime) -> None:
        await self._postgres.execute("status.sent", SQL["sent"], list(message_ids), at)

    async def postpone(self, message_id: str, until: datetime | None, error: str) -> None:
        await self._postgres.execute("status.postpone", SQL["postpone"], message_id, until, error)


def _letter(row: Row) -> Letter:
    return Letter(
        message_id=row["message_id"],
        kind=row["kind"],
        subscriber_id=row["subscriber_id"],
        address=row["address"],
        attempts=row["attempts"],
        incident_id=row["incident_id"] or 0,
        title=row["title"] or "",
        status=row["status"] or "",
        text=row["text"] or "",
        at=row["at"],
    )
