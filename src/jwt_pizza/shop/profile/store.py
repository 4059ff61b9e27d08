"""What belongs to a person, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.profile.model import Free, Letter

SQL: Final = Queries(__package__)


class PostgresBelongings:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def registered_at(self, user_id: int) -> datetime:
        at = await self._postgres.fetchval("profile.registered_at", SQL["registered_at"], user_id)
        if not isinstance(at, datetime):
            raise LookupError(f"no user {user_id}")
        return at

    async def vouchers(self, user_id: int) -> Sequence[Free]:
        rows = await self._postgres.fetch("profile.vouchers", SQL["vouchers"], user_id)
        return [Free(row["reason"], row["granted_at"], row["revoked_at"], row["pizzas"], row["worth"]) for row in rows]

    async def letters(self, user_id: int) -> Sequence[Letter]:
        rows = await self._postgres.fetch("profile.letters", SQL["letters"], user_id)
        return [
            Letter(
                queued_at=row["queued_at"],
                sent_at=row["sent_at"],
                status=row["status"],
                facts=msgspec.json.decode(row["facts"], type=dict[str, object]),
            )
            for row in rows
        ]

    async def favourites(self, user_id: int) -> Sequence[int]:
        rows = await self._postgres.fetch("profile.favourites", SQL["favourites"], user_id)
        return [row["order_id"] for row in rows]

    async def shared(self, user_id: int) -> Sequence[int]:
        rows = await self._postgres.fetch("profile.shared", SQL["shared"], user_id)
        return [row["order_id"] for row in rows]
