"""Heartbeats in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from jwt_pizza.kernel.errors import Conflict, NotFound
from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events import journal
from jwt_pizza.ops.events.model import Changed, Event, HeartbeatMissed
from jwt_pizza.ops.heartbeats.model import Heartbeat, HeartbeatPlan

SQL: Final = Queries(__package__)


class PostgresHeartbeats:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def all(self) -> Sequence[Heartbeat]:
        return [_heartbeat(row) for row in await self._postgres.fetch("heartbeats.all", SQL["all"])]

    async def get(self, heartbeat_id: int) -> Heartbeat | None:
        row = await self._postgres.fetchrow("heartbeats.get", SQL["get"], heartbeat_id)
        return _heartbeat(row) if row else None

    async def add(self, plan: HeartbeatPlan, token: str, *, by: str, at: datetime) -> Heartbeat:
        arguments = (plan.name, token, plan.interval_seconds, plan.severity, at)
        return await self._change(
            "heartbeats.add", "add", arguments, f"added: every {plan.interval_seconds:g} s", by, at
        )

    async def change(self, heartbeat_id: int, plan: HeartbeatPlan, *, by: str, at: datetime) -> Heartbeat:
        arguments = (heartbeat_id, plan.name, plan.interval_seconds, plan.severity)
        return await self._change(
            "heartbeats.change", "change", arguments, f"changed: every {plan.interval_seconds:g} s", by, at
        )

    async def remove(self, heartbeat_id: int, *, by: str, at: datetime) -> Heartbeat:
        return await self._change("heartbeats.remove", "remove", (heartbeat_id, at), "removed", by, at)

    async def beat(self, token: str, at: datetime) -> tuple[Heartbeat, bool] | None:
        row = await self._postgres.fetchrow("heartbeats.beat", SQL["beat"], token, at)
        return (_heartbeat(row), row["missed"]) if row else None

    async def missing(self, at: datetime) -> Sequence[Heartbeat]:
        return [_heartbeat(row) for row in await self._postgres.fetch("heartbeats.missing", SQL["missing"], at)]

    async def note(self, missing: Sequence[Heartbeat], at: datetime) -> None:
        async with self._postgres.lease("heartbeats.note") as connection:
            await journal.append(connection, [_missed(heartbeat, at) for heartbeat in missing])

    async def _change(
        self, owner: str, query: str, arguments: tuple[object, ...], about: str, by: str, at: datetime
    ) -> Heartbeat:
        try:
            async with self._postgres.lease(owner) as connection, connection.transaction():
                row = await connection.fetchrow(SQL[query], *arguments)
                if row is None:
                    raise NotFound("there is no such heartbeat")
                await _tell(connection, row["name"], about, by, at)
        except asyncpg.UniqueViolationError:
            raise Conflict("another heartbeat has this name") from None
        return _heartbeat(row)


async def _tell(connection: Connection, name: str, change: str, by: str, at: datetime) -> None:
    fact = Changed(what=f"heartbeat {name}", change=change)
    await journal.append(connection, [Event(at=at, fact=fact, actor=by)])


def _missed(heartbeat: Heartbeat, at: datetime) -> Event:
    silent = (at - (heartbeat.last_at or heartbeat.created_at)).total_seconds()
    fact = HeartbeatMissed(name=heartbeat.name, silent_seconds=round(silent, 1))
    return Event(at=at, fact=fact, key=f"heartbeat:{heartbeat.id}:{heartbeat.due_at.isoformat()}")


def _heartbeat(row: Row) -> Heartbeat:
    return Heartbeat(
        id=row["id"],
        name=row["name"],
        token=row["token"],
        interval_seconds=row["interval_seconds"],
        severity=row["severity"],
        created_at=row["created_at"],
        last_at=row["last_at"],
        due_at=row["due_at"],
    )
