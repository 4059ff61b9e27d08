"""Signing keys and the record of orders in PostgreSQL, shared by all processes of the factory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from jwt_pizza.factory.pizzas.model import Bake, CalmBake
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit import metrics
from jwt_pizza.kit.batching import Batch, Full, Shared
from jwt_pizza.kit.jwt import EllipticKey
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries

SQL: Final = Queries(__package__)
_LONGEST_KID: Final = 64
_LINGER: Final = 0.003


class PostgresKeys:
    def __init__(self, postgres: Postgres, clock: Clock, *, lifetime: float) -> None:
        """`lifetime` of a pizza in seconds: how long a retired key stays published."""
        self._postgres = postgres
        self._clock = clock
        # An hour more than a pizza lives: clocks differ, and a process may sign with the old key for another moment.
        self._kept = timedelta(seconds=lifetime + 3600)
        self._current: EllipticKey | None = None
        self._keys: dict[str, EllipticKey] = {}
        self._fresh: Shared[None] = Shared(self.refresh)

    def current(self) -> EllipticKey:
        if self._current is None:
            raise LookupError("signing keys are not loaded")
        return self._current

    async def find(self, kid: str) -> EllipticKey | None:
        if kid not in self._keys and len(kid) <= _LONGEST_KID:
            await self._fresh.get()
        return self._keys.get(kid)

    async def published(self) -> Sequence[Mapping[str, Any]]:
        await self._fresh.get()
        return [key.public() for key in self._keys.values()]

    async def load(self) -> None:
        """Reads the keys, and makes the first one where there is none."""
        await self.refresh()
        if self._current is None:
            await self.rotate(only_first=True)

    async def rotate(self, *, only_first: bool = False) -> str:
        """A new key signs from now on; the old ones still verify. Returns the kid of the key that signs."""
        key = EllipticKey.generate()
        now = self._clock.now()
        async with self._postgres.lease("keys.rotate") as connection, connection.transaction():
            await connection.execute(SQL["lock"])
            rows = await connection.fetch(SQL["keys"], now)
            if not (only_first and rows):
                await connection.execute(SQL["retire"], now)
                await connection.execute(SQL["add"], key.kid, msgspec.json.encode(key.private()).decode(), now)
        await self.refresh()
        return self.current().kid

    async def refresh(self) -> None:
        rows = await self._postgres.fetch("keys.load", SQL["keys"], self._clock.now() - self._kept)
        # A key that is known stays the same object: loading one costs more than a signature.
        self._keys = {
            row["kid"]: self._keys.get(row["kid"]) or EllipticKey.load(msgspec.json.decode(row["jwk"])) for row in rows
        }
        self._current = next((self._keys[row["kid"]] for row in rows if row["retired_at"] is None), None)


class PostgresBakes:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._lines: Batch[Bake, None] = Batch(self._record, linger=_LINGER)
        self._calm: Batch[CalmBake, bool] = Batch(self._record_calm, linger=_LINGER)

    async def record(self, bake: Bake) -> None:
        try:
            await self._lines.ask(bake)
        except Full:
            raise Unavailable("too many orders at this moment, please try again") from None

    async def record_calm(self, bake: CalmBake) -> bool:
        try:
            return await self._calm.ask(bake)
        except Full:
            raise Unavailable("too many orders at this moment, please try again") from None

    async def recent(self, vendor_id: str, most: int) -> Sequence[Bake]:
        rows = await self._postgres.fetch("bakes.recent", SQL["recent"], vendor_id, most)
        return [Bake(**row) for row in rows]

    async def prune(self, before: datetime) -> None:
        await self._postgres.execute("bakes.prune", SQL["prune"], before)

    async def close(self) -> None:
        await self._lines.close()
        await self._calm.close()

    async def _record(self, bakes: Sequence[Bake]) -> Sequence[None]:
        await self._postgres.execute(
            "bakes.record",
            SQL["record"],
            [bake.vendor_id for bake in bakes],
            [bake.order_id for bake in bakes],
            [bake.outcome for bake in bakes],
            [bake.chaos for bake in bakes],
            [bake.ms for bake in bakes],
            [bake.at for bake in bakes],
        )
        for (outcome, chaos), count in Counter((bake.outcome, bake.chaos or "") for bake in bakes).items():
            metrics.BAKES.labels(outcome, chaos).inc(count)
        return [None] * len(bakes)

    async def _record_calm(self, bakes: Sequence[CalmBake]) -> Sequence[bool]:
        rows = await self._postgres.fetch(
            "bakes.record_calm",
            SQL["record_calm"],
            [bake.key_hash for bake in bakes],
            [bake.vendor.id for bake in bakes],
            [bake.vendor.name for bake in bakes],
            [bake.order_id for bake in bakes],
            [bake.ms for bake in bakes],
            [bake.at for bake in bakes],
        )
        if rows:
            metrics.BAKES.labels("baked", "").inc(len(rows))
        recorded = {row["line"] for row in rows}
        return [line in recorded for line in range(1, len(bakes) + 1)]
