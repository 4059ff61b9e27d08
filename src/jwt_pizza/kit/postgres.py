"""PostgreSQL behind leases: every connection in use has an owner, a moment and a line of code."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

import asyncpg
import msgspec

from jwt_pizza.kernel.clock import Clock, SystemClock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.vitals import Holding, Pool
from jwt_pizza.kit.durations import Durations
from jwt_pizza.kit.lease import UNREACHABLE, Connection, Lease, Row, break_off, trace_id
from jwt_pizza.kit.slots import Full, Slots

__all__ = ["UNREACHABLE", "Connection", "Lease", "Postgres", "Reserve", "Row", "trace_id"]


class Reserve(msgspec.Struct, frozen=True):
    """Connections that only these owners get, so that whatever others hold or leak, they never wait for it."""

    connections: int = 0
    owners: frozenset[str] = frozenset()


class _Session(asyncpg.Connection):
    def get_reset_query(self) -> str:
        # No statement of ours leaves session state behind (no SET, LISTEN or session lock on a pooled connection, but
        # for the allowance of a lease, which takes it back), so the round trip that resets it is saved; asyncpg still
        # rolls back a transaction that was left open.
        return ""


class Postgres:
    """A pool with a bounded queue: whoever cannot be served soon is told so at once."""

    def __init__(
        self,
        url: str,
        *,
        name: str,
        size: int = 10,
        wait: float = 1.0,
        statement: float = 5.0,
        waiting: int = 128,
        reserve: Reserve = Reserve(),  # noqa: B008 - frozen
        clock: Clock = SystemClock(),  # noqa: B008 - has no state
        least: int = 2,
        replan: bool = False,
    ) -> None:
        """`wait` and `statement` are deadlines in seconds; `waiting` is how many may queue for a connection. `least`
        are opened at once: with 0 it opens also while there is no database.

        `replan`: each statement is planned each time, for tables that are empty on most days and full in a storm. A
        plan that a connection keeps from when there was nothing to read goes on reading all there is."""
        reserved = min(reserve.connections, size - 1)
        self.name = name
        self.size = size
        self.reserved = reserved
        self.vital = reserve.owners
        self.leases: set[Lease] = set()
        self.timeouts = 0
        self.leaked = 0
        self.reclaimed = 0
        self.waits = Durations()
        self.uses = Durations()
        self.creations = Durations()
        self.monotonic = clock.monotonic
        self._slots = Slots(size, reserved=reserved, waiting=waiting)
        self._url = url
        self._least = least
        self._wait = wait
        self._statement = statement
        self._replan = replan
        self._pool: asyncpg.Pool[Row] | None = None

    async def open(self) -> Self:
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=self._least,
            max_size=self.size,
            timeout=5,
            command_timeout=self._statement + 2,
            connection_class=_Session,
            connect=self._connect,
            # A worker keeps its connections: opening one costs more than an order.
            max_inactive_connection_lifetime=0,
            server_settings={
                "application_name": self.name,
                "jit": "off",
                "plan_cache_mode": "force_custom_plan" if self._replan else "auto",
                "timezone": "UTC",
                "statement_timeout": str(int(self._statement * 1000)),
                "idle_in_transaction_session_timeout": str(int(self._statement * 2000)),
            },
        )
        return self

    async def close(self) -> None:
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    def lease(
        self,
        owner: str,
        *,
        order_id: int | None = None,
        allowance: float = 0.0,
        on_reclaimed: Callable[[], Awaitable[object]] | None = None,
        wait: float | None = None,
    ) -> Lease:
        """`async with postgres.lease("orders.history") as connection`. `owner` is the route or job it is for.

        `allowance`: seconds that it may take, its statements included, before it counts as leaked; for long work.
        `wait`: seconds in place of the pool's own; 0 for what is free now or nothing.
        `on_reclaimed` runs when the connection was taken back because nobody returned it.
        """
        return Lease(self, owner, order_id, allowance, on_reclaimed, wait)

    async def fetch(self, owner: str, query: str, *args: object) -> list[Row]:
        async with Lease(self, owner) as connection:
            rows: list[Row] = await connection.fetch(query, *args)
            return rows

    async def fetchrow(self, owner: str, query: str, *args: object) -> Row | None:
        async with Lease(self, owner) as connection:
            row: Row | None = await connection.fetchrow(query, *args)
            return row

    async def fetchval(self, owner: str, query: str, *args: object) -> Any:  # noqa: ANN401 - whatever the column holds
        async with Lease(self, owner) as connection:
            return await connection.fetchval(query, *args)

    async def execute(self, owner: str, query: str, *args: object) -> None:
        async with Lease(self, owner) as connection:
            await connection.execute(query, *args)

    def recall(self) -> None:
        """What has leaked is taken back at the next look (leasewatch.py), before its time is up."""
        for lease in self.leases:
            lease.recalled = lease.state == "leaked"

    def state(self) -> Pool:
        used = len(self.leases)
        return Pool(
            name=self.name,
            limit=self.size,
            reserved=self.reserved,
            used=used,
            idle=max((self._pool.get_size() if self._pool else 0) - used, 0),
            waiting=self._slots.waiting,
            timeouts=self.timeouts,
            leaked=self.leaked,
            reclaimed=self.reclaimed,
        )

    def holdings(self) -> tuple[Holding, ...]:
        """The leases, the longest held first."""
        now = self.monotonic()
        return tuple(lease.holding(now) for lease in sorted(self.leases, key=lambda lease: lease.acquired_at))

    async def take(self, *, vital: bool, wait: float | None = None) -> Connection:
        """For `Lease` alone."""
        if self._pool is None:
            raise Unavailable("the database pool is not open")
        started = self.monotonic()
        placed = self._slots.take_free(vital=vital)
        if not placed and (wait == 0 or (not vital and self._hopeless())):
            self.timeouts += wait != 0
            raise Unavailable("every database connection is busy, please try again", retry_after=2)
        try:
            async with asyncio.timeout(wait or self._wait):
                if not placed:
                    await self._slots.wait(vital=vital)
                    placed = True
                connection = await self._pool.acquire()
        except Full:
            self.timeouts += 1
            raise Unavailable("too many requests are waiting for the database, please try again") from None
        except BaseException as error:
            if placed:
                self._slots.give(vital=vital)
            if isinstance(error, TimeoutError) and not placed:
                self.timeouts += 1
                raise Unavailable("every database connection is busy, please try again") from error
            if isinstance(error, (*UNREACHABLE, asyncpg.PostgresError)):
                # No statement was sent yet: whatever the server says, it is that it lets nobody in.
                raise Unavailable("the database is not reachable right now, please try again", retry_after=2) from error
            raise
        self.waits.add(self.monotonic() - started)
        return connection

    async def give_back(self, connection: Connection, lease: Lease) -> None:
        """For `Lease` alone."""
        try:
            if lease.allowance:
                await self._end_allowance(connection)
            if self._pool is not None:
                await self._pool.release(connection, timeout=2)
        except UNREACHABLE:
            break_off(connection)
        finally:
            self.left(lease)

    def left(self, lease: Lease) -> None:
        self.uses.add(self.monotonic() - lease.acquired_at)
        self._slots.give(vital=lease.vital)

    async def _end_allowance(self, connection: Connection) -> None:
        try:
            await connection.execute("RESET statement_timeout")
        except (*UNREACHABLE, asyncpg.PostgresError):
            break_off(connection)
        except BaseException:
            break_off(connection)
            raise

    def _hopeless(self) -> bool:
        """Whether all that others could wait for is held by code that has forgotten it."""
        leaked = sum(lease.state == "leaked" and not lease.vital for lease in self.leases)
        return leaked >= self._slots.most_ordinary

    async def _connect(self, *args: Any, **options: Any) -> asyncpg.Connection:  # noqa: ANN401 - asyncpg's own
        started = self.monotonic()
        connection: asyncpg.Connection = await asyncpg.connect(*args, **options)
        self.creations.add(self.monotonic() - started)
        return connection
