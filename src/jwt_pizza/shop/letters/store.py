"""The outbox of letters in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.letters.model import Letter, LetterFacts

SQL: Final = Queries(__package__)


class PostgresLetters:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def claim(self, at: datetime, until: datetime, *, take: int) -> Sequence[Letter]:
        rows = await self._postgres.fetch("letters.claim", SQL["claim"], at, until, take)
        return [
            Letter(
                message_id=row["message_id"],
                incident=row["incident"],
                name=row["name"] if row["email"] else None,
                email=row["email"],
                facts=msgspec.json.decode(row["facts"], type=LetterFacts),
                attempts=row["attempts"],
                links=msgspec.json.decode(row["links"] or "{}", type=dict[int, str]),
            )
            for row in rows
        ]

    async def sent(self, message_ids: Sequence[str], at: datetime) -> None:
        await self._postgres.execute("letters.sent", SQL["sent"], list(message_ids), at)

    async def void(self, message_ids: Sequence[str]) -> None:
        await self._postgres.execute("letters.void", SQL["void"], list(message_ids))

    async def postpone(self, message_id: str, until: datetime, error: str) -> None:
        await self._postgres.execute("letters.postpone", SQL["postpone"], message_id, until, error)

    async def give_up(self, message_id: str, error: str) -> None:
        await self._postgres.execute("letters.give_up", SQL["give_up"], message_id, error)
