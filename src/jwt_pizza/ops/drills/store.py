"""Drills in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.drills.model import Drill, Entry, Orders, Plan, State
from jwt_pizza.ops.drills.said import Result
from jwt_pizza.ops.events import journal
from jwt_pizza.ops.events.model import SYSTEM, DrillAsked, DrillEnded, Event

SQL: Final = Queries(__package__)
_KEPT: Final = 100
_encode: Final = msgspec.json.Encoder().encode
_plan: Final = msgspec.json.Decoder(Plan).decode
_result: Final = msgspec.json.Decoder(Result).decode


class PostgresDrills:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def add(self, plan: Plan, *, most: int, by: str, at: datetime) -> Drill | None:
        async with self._postgres.lease("drills.add") as connection, connection.transaction():
            await connection.execute(SQL["one_at_a_time"])
            row = await connection.fetchrow(SQL["add"], _json(plan), by, at, most)
            if row is None:
                return None
            await connection.execute(SQL["forget"], _KEPT)
            fact = DrillAsked(drill_id=row["id"], scenario=plan.scenario, way=plan.way, manner=plan.manner)
            await journal.append(connection, [Event(at=at, actor=by, fact=fact)])
            return _drill(row)

    async def get(self, drill_id: int) -> tuple[Drill, Sequence[Entry]] | None:
        row = await self._postgres.fetchrow("drills.get", SQL["get"], drill_id)
        if row is None:
            return None
        entries = await self._postgres.fetch("drills.entries", SQL["entries"], drill_id)
        return _drill(row), [Entry(each["at"], each["text"], each["by"]) for each in entries]

    async def last(self, take: int) -> Sequence[Drill]:
        return [_drill(row) for row in await self._postgres.fetch("drills.last", SQL["last"], take)]

    async def stop(self, drill_id: int, *, by: str, at: datetime) -> None:
        async with self._postgres.lease("drills.stop") as connection, connection.transaction():
            row = await connection.fetchrow(SQL["stop"], drill_id, at)
            if row is not None and row["state"] == "stopped":
                await _ended(connection, row, by, at)

    async def type(self, drill_id: int, line: str, *, by: str, at: datetime) -> bool:
        return await self._postgres.fetchval("drills.type", SQL["type"], drill_id, line, at, by) is not None

    async def claim(self, runner: str, *, at: datetime) -> Drill | None:
        try:
            row = await self._postgres.fetchrow("drills.claim", SQL["claim"], runner, at)
        except asyncpg.UniqueViolationError:  # another process was faster
            return None
        return _drill(row) if row else None

    async def beat(
        self,
        drill_id: int,
        runner: str,
        entries: Sequence[Entry],
        *,
        shop: str | None,
        console: str | None,
        at: datetime,
    ) -> Orders | None:
        async with self._postgres.lease("drills.beat") as connection, connection.transaction():
            row = await connection.fetchrow(SQL["beat"], drill_id, runner, at, shop, console)
            if row is None:
                return None
            await _tell(connection, drill_id, entries)
            typed = await connection.fetch(SQL["take"], drill_id)
            return Orders(stop=row["stop"], typed=tuple(each["text"] for each in typed))

    async def end(
        self,
        drill_id: int,
        runner: str,
        state: State,
        entries: Sequence[Entry],
        *,
        problem: str,
        result: Result | None,
        at: datetime,
    ) -> None:
        async with self._postgres.lease("drills.end") as connection, connection.transaction():
            outcome = _json(result) if result else None
            row = await connection.fetchrow(SQL["end"], drill_id, runner, state, problem, outcome, at)
            if row is not None:
                await _tell(connection, drill_id, entries)
                await _ended(connection, row, SYSTEM, at)

    async def abandon(self, silent_since: datetime, *, at: datetime) -> None:
        async with self._postgres.lease("drills.abandon") as connection, connection.transaction():
            for row in await connection.fetch(SQL["abandon"], silent_since, at):
                await _ended(connection, row, SYSTEM, at)


async def _tell(connection: Connection, drill_id: int, entries: Sequence[Entry]) -> None:
    if entries:
        times = [entry.at for entry in entries]
        await connection.execute(SQL["tell"], drill_id, times, [_storable(entry.text) for entry in entries])


async def _ended(connection: Connection, row: Row, by: str, at: datetime) -> None:
    drill = _drill(row)
    good = drill.result.good if drill.result else None
    fact = DrillEnded(drill_id=drill.id, scenario=drill.plan.scenario, how=drill.state, good=good)
    await journal.append(connection, [Event(at=at, actor=by, fact=fact)])


def _drill(row: Row) -> Drill:
    return Drill(
        id=row["id"],
        plan=_plan(row["plan"]),
        state=row["state"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        shop=row["shop"],
        console=row["console"],
        problem=row["problem"],
        result=_result(row["result"]) if row["result"] else None,
    )


def _json(value: object) -> str:
    return _encode(value).decode().replace("\\u0000", "")


def _storable(text: str) -> str:
    return text.replace("\0", "")
