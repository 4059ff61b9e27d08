"""Orders in PostgreSQL. All orders that wait in this process go into the books as one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kit.batching import Batch, Full, Shared, once
from jwt_pizza.kit.postgres import UNREACHABLE, Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.audit.model import Entry
from jwt_pizza.shop.audit.writing import write
from jwt_pizza.shop.orders.model import Catalogue, Line, Order, Outcome, Placement, Resolution, Resolved
from jwt_pizza.shop.orders.rows import order_of

SQL: Final = Queries(__package__)
_NUMBERS_AT_A_TIME: Final = 64
_LINGER: Final = 0.003


class PostgresOrders:
    def __init__(self, postgres: Postgres, *, held_first: bool = False) -> None:
        """`held_first`: orders are only held at first, and resolved by a second statement."""
        self._postgres = postgres
        linger = _LINGER if held_first else 0.0
        self._book: Batch[Placement, Outcome] = Batch(self._write, most=256, waiting=2048, linger=linger)
        self._ends: Batch[Resolution, Resolved] = Batch(self._resolve, most=256, waiting=4096, linger=_LINGER)
        self._catalogue: Catalogue | None = None
        self._fresh: Shared[Catalogue] = Shared(self._read_catalogue)
        self._numbers: Shared[None] = Shared(self._take_numbers)
        self._found: Batch[int, Order | None] = Batch(self._get)
        self._next = self._end = 0

    async def close(self) -> None:
        await self._book.close()
        await self._ends.close()

    async def next_id(self) -> int:
        while self._next == self._end:
            await self._numbers.get()
        self._next += 1
        return self._next - 1

    async def catalogue(self) -> Catalogue:
        return await self._fresh.get()

    def last_catalogue(self) -> Catalogue | None:
        return self._catalogue

    async def place(self, placement: Placement) -> Outcome:
        try:
            return await self._book.ask(placement)
        except Full:
            raise Unavailable("too many orders at this moment, please try again") from None

    async def resolve(self, resolution: Resolution) -> Resolved:
        try:
            return await self._ends.ask(resolution)
        except Full:
            raise Unavailable("too many orders at this moment, please try again") from None

    async def take_over(self, order_id: int, at: datetime, until: datetime) -> bool:
        taken = await self._postgres.fetchval("orders.take_over", SQL["take_over"], order_id, at, until)
        return taken is not None

    async def report_url(self, order_id: int) -> str | None:
        url = await self._postgres.fetchval("orders.report_url", SQL["report_url"], order_id)
        return None if url is None else str(url)

    async def reap(self, at: datetime) -> int:
        return int(await self._postgres.fetchval("orders.reap", SQL["reap"], at))

    async def by_key(self, diner_id: int, key: str) -> tuple[bytes, Order] | None:
        row = await self._postgres.fetchrow("orders.by_key", SQL["by_key"], diner_id, key)
        return (row["fingerprint"], order_of(row)) if row else None

    async def history(self, diner_id: int, *, skip: int, take: int, newest_first: bool) -> Sequence[Order]:
        query = SQL["history_newest_first" if newest_first else "history"]
        return [order_of(row) for row in await self._postgres.fetch("orders.history", query, diner_id, skip, take)]

    async def get(self, order_id: int) -> Order | None:
        return await self._found.ask(order_id)

    async def set_chaos(self, on: bool, entry: Entry) -> None:
        async with self._postgres.lease("orders.chaos") as connection, connection.transaction():
            await connection.execute(SQL["set_chaos"], on)
            await write(connection, entry)

    async def _get(self, order_ids: Sequence[int]) -> Sequence[Order | None]:
        rows = await self._postgres.fetch("orders.get", SQL["get"], once(order_ids))
        orders = {row["id"]: order_of(row) for row in rows}
        return [orders.get(order_id) for order_id in order_ids]

    async def _write(self, placements: Sequence[Placement]) -> Sequence[Outcome]:
        try:
            rows = await self._postgres.fetch("orders.place", SQL["place"], *columns(placements))
        except Unavailable as error:
            if not isinstance(error.__cause__, UNREACHABLE):
                raise
            # The connection broke: perhaps before the commit, perhaps after it. The books know.
            return await self._write_again(placements)
        except asyncpg.UniqueViolationError:
            if len(placements) > 1:
                raise
            return await self._write_again(placements)
        outcomes = {row["id"]: _outcome(row) for row in rows}
        return [outcomes[placement.order.id] for placement in placements]

    async def _write_again(self, placements: Sequence[Placement]) -> Sequence[Outcome]:
        ids = [placement.order.id for placement in placements]
        async with self._postgres.lease("orders.place_again") as connection:
            found = {row["id"] for row in await connection.fetch(SQL["placed_already"], ids)}
            missing = [placement for placement in placements if placement.order.id not in found]
            rows = await connection.fetch(SQL["place"], *columns(missing)) if missing else []
        outcomes = {row["id"]: _outcome(row) for row in rows}
        return [outcomes.get(order_id, Outcome.PLACED) for order_id in ids]

    async def _resolve(self, resolutions: Sequence[Resolution]) -> Sequence[Resolved]:
        ids = [resolution.order_id for resolution in resolutions]
        arguments = _resolution_columns(resolutions)
        try:
            rows = await self._postgres.fetch("orders.resolve", SQL["resolve"], *arguments)
        except Unavailable as error:
            if not isinstance(error.__cause__, UNREACHABLE):
                raise
            # The connection broke before or after the commit; what is resolved stays so, so it can be said again.
            rows = await self._postgres.fetch("orders.resolve_again", SQL["resolve"], *arguments)
        sent = {resolution.order_id: resolution.jwt for resolution in resolutions}
        found = {row["id"]: Resolved(row["status"], sent[row["id"]] if row["kept"] else None) for row in rows}
        if len(found) < len(ids):
            # Somebody else was first: the reaper, or this very statement before the connection broke.
            others = await self._postgres.fetch("orders.status", SQL["status"], ids)
            found |= {row["id"]: Resolved(row["status"], row["jwt"]) for row in others}
        return [found[order_id] for order_id in ids]

    async def _take_numbers(self) -> None:
        if self._next < self._end:
            return
        self._next = await self._postgres.fetchval("orders.numbers", SQL["next_ids"])
        self._end = self._next + _NUMBERS_AT_A_TIME

    async def _read_catalogue(self) -> Catalogue:
        row = await self._postgres.fetchrow("orders.catalogue", SQL["catalogue"])
        if row is None:
            raise LookupError("no catalogue: is the database migrated?")
        menu = zip(row["menu_ids"] or (), row["titles"] or (), row["prices"] or (), strict=True)
        self._catalogue = Catalogue(
            version=row["version"],
            chaos=row["chaos"],
            menu={menu_id: Line(menu_id, title, Satoshis(price)) for menu_id, title, price in menu},
            stores=dict(zip(row["store_ids"] or (), row["franchise_ids"] or (), strict=True)),
        )
        return self._catalogue


def columns(placements: Sequence[Placement]) -> tuple[list[object], ...]:
    """The arguments of the statement `place`: orders, then their items, a column each."""
    orders: tuple[list[object], ...] = tuple([] for _ in range(18))
    items: tuple[list[object], ...] = tuple([] for _ in range(5))
    for placement in placements:
        order = placement.order
        values = (
            order.id,
            order.diner_id,
            order.franchise_id,
            order.store_id,
            order.total,
            order.placed_at,
            order.jwt,
            placement.session_id,
            placement.user_version,
            placement.catalogue_version,
            placement.key,
            placement.fingerprint,
            order.status,
            placement.expires_at,
            placement.baking_until,
            order.discount,
            placement.voucher_id,
            None if placement.voucher_id is None else order.placed_at.date(),
        )
        for column, value in zip(orders, values, strict=True):
            column.append(value)
        for number, line in enumerate(order.lines):
            cells = (order.id, number, line.menu_id, line.description, line.price)
            for column, cell in zip(items, cells, strict=True):
                column.append(cell)
    return *orders, *items


def _resolution_columns(resolutions: Sequence[Resolution]) -> tuple[list[object], ...]:
    """The arguments of the statement `resolve`: resolutions, then their attempts, a column each."""
    ends: list[list[object]] = [
        [resolution.order_id for resolution in resolutions],
        [resolution.jwt for resolution in resolutions],
        [resolution.at for resolution in resolutions],
    ]
    attempts: tuple[list[object], ...] = tuple([] for _ in range(9))
    for resolution in resolutions:
        for attempt in resolution.attempts:
            cells = (
                resolution.order_id,
                attempt.oven,
                attempt.started_at,
                attempt.ms,
                attempt.reason,
                attempt.status,
                _storable(attempt.error),
                _storable(attempt.report_url),
                resolution.trace,
            )
            for column, cell in zip(attempts, cells, strict=True):
                column.append(cell)
    return *ends, *attempts


def _storable(text: str | None) -> str | None:
    """What a factory said may be anything; a NUL cannot be stored."""
    return None if text is None else text.replace("\0", "")


def _outcome(row: Row) -> Outcome:
    if row["placed"]:
        return Outcome.PLACED
    return Outcome.TAKEN if row["live"] else Outcome.STALE
