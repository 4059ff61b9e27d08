"""Attacks in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from jwt_pizza.factory.chaos.model import Admission, Attack, Ending
from jwt_pizza.factory.vendors.model import Vendor
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.kit.batching import Batch, once
from jwt_pizza.kit.postgres import Postgres, Row
from jwt_pizza.kit.sql import Queries

SQL: Final = Queries(__package__)


class PostgresAttacks:
    def __init__(self, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock
        # Orders that arrive together share one read; none gets an answer that was read before it arrived.
        self._door: Batch[bytes, Admission | None] = Batch(self._admit)

    async def admit(self, key_hash: bytes) -> Admission | None:
        return await self._door.ask(key_hash)

    async def start(self, attack: Attack) -> Attack:
        try:
            async with self._postgres.lease("chaos.start") as connection, connection.transaction():
                await connection.execute(SQL["lock"])
                await connection.execute(SQL["replace"], attack.vendor_id, attack.created_at)
                row = await connection.fetchrow(
                    SQL["start"],
                    attack.kind,
                    attack.vendor_id,
                    attack.probability,
                    attack.delay,
                    attack.fix_code,
                    attack.started_by,
                    attack.created_at,
                    attack.starts_at,
                    attack.ends_at,
                )
        except asyncpg.ForeignKeyViolationError as error:
            raise NotFound("Vendor not found") from error
        if row is None:
            raise LookupError("an insert returned nothing")
        return _attack(row)

    async def end(self, attack_id: int, how: Ending, at: datetime) -> bool:
        return await self._postgres.fetchval("chaos.end", SQL["end"], attack_id, how, at) is not None

    async def end_all(self, at: datetime) -> int:
        return len(await self._postgres.fetch("chaos.end_all", SQL["end_all"], at))

    async def of(self, vendor_id: str) -> Attack | None:
        row = await self._postgres.fetchrow("chaos.of", SQL["of"], vendor_id)
        return _attack(row) if row else None

    async def recent(self, most: int) -> Sequence[Attack]:
        return [_attack(row) for row in await self._postgres.fetch("chaos.recent", SQL["recent"], most)]

    async def _admit(self, hashes: Sequence[bytes]) -> Sequence[Admission | None]:
        rows = await self._postgres.fetch("chaos.admit", SQL["admit"], once(hashes), self._clock.now())
        found: dict[bytes, Admission] = {}
        for row in rows:
            before = found.get(row["key_hash"])
            attacks = before.attacks if before else ()
            if row["kind"] is not None:
                attacks = (*attacks, _attack(row))
            found[row["key_hash"]] = Admission(
                Vendor(id=row["vendor"], name=row["name"], roles=tuple(row["roles"])), attacks
            )
        return [found.get(key_hash) for key_hash in hashes]


def _attack(row: Row) -> Attack:
    return Attack(
        id=row["id"],
        kind=row["kind"],
        vendor_id=row["vendor_id"],
        probability=row["probability"],
        delay=row["delay_seconds"],
        fix_code=row["fix_code"],
        started_by=row["started_by"],
        created_at=row["created_at"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        ended_at=row["ended_at"],
        ended_how=row["ended_how"],
    )
