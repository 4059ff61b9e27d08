"""What messages told, and what was done about it, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.kit.postgres import Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.paging.model import Told
from jwt_pizza.ops.replies.model import Addressed

SQL: Final = Queries(__package__)


class PostgresReplies:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def groups(self, group_ids: Sequence[int]) -> Sequence[Told]:
        return [_told(row) for row in await self._postgres.fetch("replies.groups", SQL["groups"], list(group_ids))]

    async def told_by(self, message_id: int, person_id: int) -> Sequence[int]:
        rows = await self._postgres.fetch("replies.told_by", SQL["told_by"], message_id, person_id)
        return [row["group_id"] for row in rows]

    async def coded(self, address: str, code: int, since: datetime) -> Addressed | None:
        row = await self._postgres.fetchrow("replies.coded", SQL["coded"], address, code, since)
        return Addressed(row["person_id"], tuple(row["groups"])) if row else None

    async def begin(self, deed: str, now: datetime, retry_before: datetime) -> bool:
        return await self._postgres.fetchval("replies.begin", SQL["begin"], deed, now, retry_before) is not None

    async def finish(self, deed: str, now: datetime) -> None:
        await self._postgres.execute("replies.finish", SQL["finish"], deed, now)


def _told(row: Row) -> Told:
    return Told(
        id=row["id"],
        title=row["title"],
        summary=row["summary"] or "",
        severity=row["severity"],
        status=row["status"],
        generation=row["generation"],
        firing=row["firing"],
        opened_at=row["opened_at"],
        silenced_until=row["silenced_until"],
    )
