"""What processes said, PostgreSQL's own view, and the attack, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from jwt_pizza.kernel.errors import Conflict, Unavailable
from jwt_pizza.kernel.vitals import Vitals
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.audit.model import Entry
from jwt_pizza.shop.audit.writing import write
from jwt_pizza.shop.connections.model import Backend, LeakPlan, OnReclaimed, Process, Snapshot

SQL: Final = Queries(__package__)


class PostgresSnapshots:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def write(self, process: Process, at: datetime, vitals: Vitals, *, forget_before: datetime) -> None:
        wire = msgspec.json.encode(vitals).decode()
        await self._postgres.execute("vitals.write", SQL["write"], process.id, process.name, at, wire, forget_before)

    async def read(self, since: datetime) -> Sequence[Snapshot]:
        rows = await self._postgres.fetch("vitals.read", SQL["read"], since)
        return [
            Snapshot(
                process=Process(row["process"], row["name"]),
                at=row["at"],
                vitals=msgspec.json.decode(row["vitals"], type=Vitals),
            )
            for row in rows
        ]

    async def backends(self) -> tuple[Mapping[int, Backend], int]:
        rows = await self._postgres.fetch("vitals.backends", SQL["backends"])
        backends = {
            row["pid"]: Backend(
                pid=row["pid"],
                name=row["application_name"],
                state=row["state"],
                query_seconds=None if row["query_seconds"] is None else round(row["query_seconds"], 3),
                waits_for=row["waits_for"],
            )
            for row in rows
        }
        return backends, rows[0]["most"] if rows else 0


class PostgresLeaks:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def start(self, plan: LeakPlan, entry: Entry) -> None:
        try:
            async with self._postgres.lease("leak.start") as connection, connection.transaction():
                await connection.execute(SQL["replace_leak"], plan.starts_at)
                await connection.execute(
                    SQL["add_leak"], plan.probability, plan.fix_code, entry.actor_id, plan.starts_at, plan.ends_at
                )
                await write(connection, entry)
        except asyncpg.UniqueViolationError as error:
            raise Conflict("somebody else started one at this moment, please try again") from error

    async def end(self, at: datetime, how: str, fix_code: str | None = None, entry: Entry | None = None) -> bool:
        async with self._postgres.lease("leak.end") as connection, connection.transaction():
            if await connection.fetchval(SQL["end_leak"], at, how, fix_code) is None:
                return False
            await write(connection, entry)
        return True

    async def current(self, at: datetime) -> LeakPlan | None:
        row = await self._postgres.fetchrow("leak.current", SQL["current_leak"], at)
        return LeakPlan(**dict(row)) if row else None


class PostgresRecalls:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def recall(self, *, by: str, at: datetime) -> None:
        await self._postgres.execute("recalls.recall", SQL["recall"], at, by)

    async def number(self) -> int:
        return int(await self._postgres.fetchval("recalls.number", SQL["recalls"]))


class ForgetfulStore:
    """The defect: a path that takes a connection and has no line that returns it."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def keep(self, order_id: int, on_reclaimed: OnReclaimed | None) -> bool:
        lease = self._postgres.lease("orders.failure", order_id=order_id, on_reclaimed=on_reclaimed, wait=0.0)
        try:
            await lease.acquire()
        except Unavailable:
            # All are gone already: the order that asked goes on all the same.
            return False
        return True
