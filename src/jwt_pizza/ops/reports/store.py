"""The words of people in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events import journal
from jwt_pizza.ops.events.model import Changed, Event
from jwt_pizza.ops.reports.model import Saved, Saving, Version, Words

SQL: Final = Queries(__package__)
_encode: Final = msgspec.json.Encoder().encode
_words: Final = msgspec.json.Decoder(Words).decode


class PostgresReports:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def last(self, incident_id: int) -> Version:
        row = await self._postgres.fetchrow("reports.last", SQL["last"], incident_id)
        return _version(row) if row else Version(version=0, words=Words())

    async def version(self, incident_id: int, version: int) -> tuple[Version, str] | None:
        row = await self._postgres.fetchrow("reports.version", SQL["version"], incident_id, version)
        return (_version(row), row["markdown"]) if row else None

    async def versions(self, incident_id: int) -> Sequence[Saved]:
        rows = await self._postgres.fetch("reports.versions", SQL["versions"], incident_id)
        return [Saved(version=row["version"], saved_at=row["saved_at"], saved_by=row["saved_by"]) for row in rows]

    async def save(self, incident_id: int, saving: Saving, markdown: str, *, by: str, at: datetime) -> Version | None:
        words = _encode(Words(sections=saving.sections, shown=saving.shown)).decode()
        async with self._postgres.lease("reports.save") as connection, connection.transaction():
            row = await connection.fetchrow(SQL["save"], incident_id, saving.version, words, markdown, at, by)
            if row is None:
                return None
            fact = Changed(what=f"the report of incident {incident_id}", change=f"version {row['version']}")
            await journal.append(connection, [Event(at=at, actor=by, fact=fact, incident_id=incident_id)])
            return _version(row)


def _version(row: Row) -> Version:
    return Version(
        version=row["version"], words=_words(row["words"]), saved_at=row["saved_at"], saved_by=row["saved_by"]
    )
