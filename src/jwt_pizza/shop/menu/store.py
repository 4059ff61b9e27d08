"""The menu in PostgreSQL, remembered with the version that it was read at."""

from collections.abc import Sequence
from typing import Final

import msgspec

from jwt_pizza.kernel.money import to_btc
from jwt_pizza.kit.batching import Shared
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.audit.model import Entry
from jwt_pizza.shop.audit.writing import write
from jwt_pizza.shop.menu.model import Draft, MenuItem, Offered, Photograph

SQL: Final = Queries(__package__)


class PostgresMenu:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._version = -1
        self._items: list[Offered] = []
        self._wire = b"[]"
        self._fresh: Shared[None] = Shared(self._refresh)

    async def items(self) -> Sequence[Offered]:
        await self._fresh.get()
        return self._items

    async def wire(self) -> bytes:
        await self._fresh.get()
        return self._wire

    async def add(self, draft: Draft, entry: Entry | None = None) -> None:
        async with self._postgres.lease("menu.add") as connection, connection.transaction():
            await connection.execute(SQL["add"], draft.title, draft.description, draft.image, draft.price)
            await write(connection, entry)

    async def change(self, item_id: int, draft: Draft, entry: Entry) -> bool:
        values = (draft.title, draft.description, draft.image, draft.price)
        async with self._postgres.lease("menu.change") as connection, connection.transaction():
            if await connection.fetchval(SQL["change"], item_id, *values) is None:
                return False
            await write(connection, entry)
        return True

    async def withdraw(self, item_id: int, entry: Entry) -> bool:
        async with self._postgres.lease("menu.withdraw") as connection, connection.transaction():
            if await connection.fetchval(SQL["withdraw"], item_id, entry.at) is None:
                return False
            await write(connection, entry)
        return True

    async def picture(self, item_id: int, photograph: Photograph | None, entry: Entry) -> bool:
        async with self._postgres.lease("menu.picture") as connection, connection.transaction():
            if photograph is not None:
                for width, body in photograph.by_width.items():
                    await connection.execute(SQL["keep_picture"], photograph.name, width, body, entry.at)
            name = photograph.name if photograph else None
            if await connection.fetchval(SQL["picture"], item_id, name) is None:
                return False
            await connection.execute(SQL["drop_pictures"])
            await write(connection, entry)
        return True

    async def photograph(self, name: str, width: int) -> bytes | None:
        found: bytes | None = await self._postgres.fetchval("menu.photograph", SQL["photograph"], name, width)
        return found

    async def _refresh(self) -> None:
        if await self._postgres.fetchval("menu.version", SQL["version"]) == self._version:
            return
        rows = await self._postgres.fetch("menu.items", SQL["items"])
        self._items = [
            Offered(
                id=row["id"],
                title=row["title"],
                image=row["image"],
                price=to_btc(row["price"]),
                description=row["description"],
                photograph=row["picture"],
            )
            for row in rows
            if row["id"] is not None
        ]
        # What is uploaded here is for our pages: the menu of the API stays as its clients know it.
        self._wire = msgspec.json.encode(
            [msgspec.convert(item, MenuItem, from_attributes=True) for item in self._items]
        )
        self._version = rows[0]["version"]
