"""Chains in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from jwt_pizza.kernel.errors import Conflict, NotFound
from jwt_pizza.kit.postgres import Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.chains.model import AnyStep, Chain, Draft, Naming
from jwt_pizza.ops.events.journal import append
from jwt_pizza.ops.events.model import Changed, Event

SQL: Final = Queries(__package__)
_decode: Final = msgspec.json.Decoder(tuple[AnyStep, ...]).decode


class PostgresChains:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def all(self) -> Sequence[Chain]:
        return [_chain(row) for row in await self._postgres.fetch("chains.all", SQL["all"])]

    async def get(self, chain_id: int) -> Chain:
        row = await self._postgres.fetchrow("chains.get", SQL["get"], chain_id)
        if row is None:
            raise NotFound("there is no such chain")
        return _chain(row)

    async def naming(self) -> Naming:
        row = await self._postgres.fetchrow("chains.naming", SQL["naming"])
        assert row is not None
        return Naming(frozenset(row["teams"]), frozenset(row["people"]), frozenset(row["schedules"]))

    async def add(self, draft: Draft, *, by: str, at: datetime) -> Chain:
        return await self._write(
            f"added: {_count(draft)}", SQL["add"], (draft.team_id, draft.name, _steps(draft)), by, at
        )

    async def change(self, chain_id: int, draft: Draft, *, by: str, at: datetime) -> Chain:
        return await self._write(
            f"changed: {_count(draft)}", SQL["change"], (chain_id, draft.team_id, draft.name, _steps(draft)), by, at
        )

    async def remove(self, chain_id: int, *, by: str, at: datetime) -> None:
        async with self._postgres.lease("chains.remove") as connection, connection.transaction():
            name = await connection.fetchval(SQL["remove"], chain_id, at)
            if name is None:
                raise NotFound("there is no such chain")
            routes = await connection.fetch(SQL["routed"], chain_id)
            if routes:
                raise Conflict(f"the route {routes[0]['name']} leads to this chain: let it lead to another one first")
            await append(connection, [Event(at=at, actor=by, fact=Changed(what=f"chain {name}", change="removed"))])

    async def _write(self, change: str, query: str, args: Sequence[object], by: str, at: datetime) -> Chain:
        async with self._postgres.lease("chains.write") as connection, connection.transaction():
            try:
                row = await connection.fetchrow(query, *args)
            except asyncpg.UniqueViolationError:
                raise Conflict("another chain has this name, choose a different one") from None
            if row is None:
                raise NotFound("there is no such chain")
            fact = Changed(what=f"chain {row['name']}", change=change)
            await append(connection, [Event(at=at, actor=by, fact=fact)])
            return _chain(row)


def _chain(row: Row) -> Chain:
    return Chain(id=row["id"], team_id=row["team_id"], name=row["name"], steps=_decode(row["steps"]))


def _steps(draft: Draft) -> str:
    return msgspec.json.encode(draft.steps).decode()


def _count(draft: Draft) -> str:
    return f"{len(draft.steps)} step{'' if len(draft.steps) == 1 else 's'}"
