"""Franchises and stores in PostgreSQL."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from jwt_pizza.kernel import text
from jwt_pizza.kernel.errors import Conflict, NotFound
from jwt_pizza.kit.batching import Batch, once
from jwt_pizza.kit.postgres import Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.audit.model import Entry
from jwt_pizza.shop.audit.writing import write
from jwt_pizza.shop.franchises.model import Admin, Franchise, Store

SQL: Final = Queries(__package__)


class PostgresFranchises:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._named: Batch[int, str | None] = Batch(self._store_names)
        self._paged: Batch[tuple[str, int, int], Sequence[Franchise]] = Batch(self._pages)

    async def page(self, name: str, *, skip: int, take: int) -> Sequence[Franchise]:
        return await self._paged.ask((name, skip, take))

    async def store_names(self, store_ids: Sequence[int]) -> Mapping[int, str]:
        ids = once(store_ids)
        names = await asyncio.gather(*(self._named.ask(store_id) for store_id in ids))
        return {store_id: name for store_id, name in zip(ids, names, strict=True) if name is not None}

    async def run_by(self, user_id: int) -> Sequence[Franchise]:
        return [_franchise(row) for row in await self._postgres.fetch("franchises.run_by", SQL["run_by"], user_id)]

    async def admins(self, franchise_ids: Sequence[int]) -> Mapping[int, tuple[Admin, ...]]:
        admins: dict[int, tuple[Admin, ...]] = {}
        for row in await self._postgres.fetch("franchises.admins", SQL["admins"], list(franchise_ids)):
            admins[row["franchise_id"]] = (*admins.get(row["franchise_id"], ()), _admin(row))
        return admins

    async def people(self, email_keys: Sequence[str]) -> Mapping[str, Admin]:
        rows = await self._postgres.fetch("franchises.people", SQL["people"], list(email_keys))
        return {row["email_key"]: _admin(row) for row in rows}

    async def get(self, franchise_id: int) -> Franchise | None:
        row = await self._postgres.fetchrow("franchises.get", SQL["get"], franchise_id)
        return _franchise(row) if row else None

    async def add(self, name: str, admins: Sequence[int], entry: Entry | None = None) -> int:
        try:
            async with self._postgres.lease("franchises.add") as connection, connection.transaction():
                franchise_id: int = await connection.fetchval(SQL["add"], name)
                await connection.execute(SQL["appoint"], franchise_id, list(admins))
                await write(connection, entry)
        except asyncpg.UniqueViolationError as error:
            raise Conflict("a franchise with that name exists already") from error
        return franchise_id

    async def close(self, franchise_id: int, entry: Entry) -> bool:
        async with self._postgres.lease("franchises.close") as connection, connection.transaction():
            if await connection.fetchval(SQL["close"], franchise_id, entry.at) is None:
                return False
            await connection.execute(SQL["close_stores"], franchise_id, entry.at)
            await connection.execute(SQL["dismiss"], franchise_id)
            await write(connection, entry)
        return True

    async def add_store(self, franchise_id: int, name: str, entry: Entry | None = None) -> int:
        try:
            async with self._postgres.lease("franchises.add_store") as connection, connection.transaction():
                store_id = await connection.fetchval(SQL["add_store"], franchise_id, name)
                if store_id is not None:
                    await write(connection, entry)
        except asyncpg.UniqueViolationError as error:
            raise Conflict("the franchise has a store with that name already") from error
        if not isinstance(store_id, int):
            raise NotFound("unknown franchise")
        return store_id

    async def _pages(self, wanted: Sequence[tuple[str, int, int]]) -> Sequence[Sequence[Franchise]]:
        # Nearly always it is the same page that everybody wants.
        found = {}
        for name, skip, take in once(wanted):
            rows = await self._postgres.fetch("franchises.page", SQL["page"], text.like(name), skip, take)
            found[name, skip, take] = [_franchise(row) for row in rows]
        return [found[each] for each in wanted]

    async def _store_names(self, store_ids: Sequence[int]) -> Sequence[str | None]:
        rows = await self._postgres.fetch("franchises.store_names", SQL["store_names"], once(store_ids))
        names = {row["id"]: f"{row['franchise']} {row['name']}" for row in rows}
        return [names.get(store_id) for store_id in store_ids]

    async def close_store(self, franchise_id: int, store_id: int, entry: Entry) -> bool:
        async with self._postgres.lease("franchises.close_store") as connection, connection.transaction():
            if await connection.fetchval(SQL["close_store"], franchise_id, store_id, entry.at) is None:
                return False
            await write(connection, entry)
        return True


def _franchise(row: Row) -> Franchise:
    stores = zip(row["ids"] or (), row["names"] or (), strict=True)
    return Franchise(
        id=row["id"], name=row["name"], stores=tuple(Store(id=store_id, name=name) for store_id, name in stores)
    )


def _admin(row: Row) -> Admin:
    return Admin(id=row["id"], name=row["name"], email=row["email"])
