"""A database connection in somebody's hands: whose, since when, and taken at which line of code."""

import contextvars
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Final, Protocol, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from opentelemetry.trace import Span

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.vitals import Holding, LeaseState
from jwt_pizza.kit import tracing

Row: TypeAlias = asyncpg.Record
Connection: TypeAlias = "PoolConnectionProxy[Row]"

trace_id: contextvars.ContextVar[str] = contextvars.ContextVar("trace_id", default="")

UNREACHABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    # "another operation is in progress": the server's last words have arrived, the end of the connection not yet.
    asyncpg.InternalClientError,
)
"""What is raised when the server is away, starting, stopping or full, rather than about a statement."""

_HOME: Final = f"{Path(__file__).parents[2]}/"
_OWN_FILES: Final = frozenset({__file__, str(Path(__file__).with_name("postgres.py"))})
_DEPTH: Final = 12
"""Calls of the acquiring stack that are kept."""


class Lender(Protocol):
    """What a lease needs of its pool."""

    leases: "set[Lease]"
    vital: frozenset[str]
    monotonic: Callable[[], float]

    async def take(self, *, vital: bool, wait: float | None) -> Connection: ...
    async def give_back(self, connection: Connection, lease: "Lease") -> None: ...
    def left(self, lease: "Lease") -> None: ...


class Lease:
    """One connection for the length of an `async with`. Entering raises Unavailable when none comes free in time."""

    __slots__ = (
        "_calls",
        "_connection",
        "_pool",
        "_span",
        "_wait",
        "acquired_at",
        "allowance",
        "on_reclaimed",
        "on_returned",
        "order_id",
        "owner",
        "recalled",
        "state",
        "trace",
        "vital",
    )

    def __init__(
        self,
        pool: Lender,
        owner: str,
        order_id: int | None = None,
        allowance: float = 0.0,
        on_reclaimed: Callable[[], Awaitable[object]] | None = None,
        wait: float | None = None,
    ) -> None:
        self._pool = pool
        self._wait = wait
        self._connection: Connection | None = None
        self._calls: list[tuple[CodeType, int]] = []
        self._span: Span | None = None
        self.owner = owner
        self.order_id = order_id
        self.allowance = allowance
        self.on_reclaimed = on_reclaimed
        self.on_returned: Callable[[Lease], None] | None = None
        self.vital = owner in pool.vital
        self.acquired_at = 0.0
        self.trace = ""
        self.state: LeaseState = "held"
        self.recalled = False

    async def acquire(self) -> Connection:
        """For a lease that is not the length of a block; `release` must follow."""
        pool = self._pool
        if tracing.on:
            self._span = tracing.leaf(f"database {self.owner}", {"db.system.name": "postgresql", "owner": self.owner})
        connection = await pool.take(vital=self.vital, wait=self._wait)
        self._connection = connection
        self._calls = _calls(sys._getframe(1))
        self.trace = trace_id.get()
        self.acquired_at = pool.monotonic()
        pool.leases.add(self)
        if self.allowance:
            try:
                await connection.execute(f"SET statement_timeout = {int(self.allowance * 1000)}")
            except BaseException:
                self.reclaim()
                raise
        return connection

    async def release(self) -> None:
        """Harmless when the connection has been returned or reclaimed before."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self._pool.leases.discard(self)
        self.state = "returned"
        if self._span is not None:
            self._span.end()
        if self.on_returned is not None:
            self.on_returned(self)
        await self._pool.give_back(connection, self)

    def reclaim(self) -> None:
        """Breaks the connection off and frees its place. Whoever still has the connection finds it closed."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self._pool.leases.discard(self)
        self.state = "reclaimed"
        if self._span is not None:
            self._span.end()
        break_off(connection)
        self._pool.left(self)

    __aenter__ = acquire

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self.release()
            return
        connection = self._connection
        lost = isinstance(error, UNREACHABLE) and (
            connection is None or _closed(connection) or not isinstance(error, asyncpg.InterfaceError)
        )
        if lost and connection is not None:
            # It may still look alive for a moment: nobody else shall get it.
            break_off(connection)
        await self.release()
        if isinstance(error, asyncpg.QueryCanceledError):
            raise Unavailable("the database is too slow right now, please try again") from error
        if isinstance(error, asyncpg.DeadlockDetectedError):
            raise Unavailable("others were changing the same just now, please try again") from error
        if lost and self.state == "reclaimed":
            raise Unavailable("this took too long and was broken off, please try again") from error
        if lost:
            raise Unavailable("the database is not reachable right now, please try again", retry_after=2) from error

    @property
    def line(self) -> str:
        """Where it was acquired: `file:line`."""
        return _place(*self._calls[0]) if self._calls else ""

    @property
    def stack(self) -> list[str]:
        """The calls that led there, the nearest first."""
        return [f"{_place(code, at)} in {code.co_qualname}" for code, at in self._calls]

    def holding(self, now: float) -> Holding:
        connection = self._connection
        backend = None if connection is None or _closed(connection) else connection.get_server_pid()
        return Holding(
            owner=self.owner,
            trace=self.trace,
            line=self.line,
            seconds=round(now - self.acquired_at, 3),
            state=self.state,
            backend=backend,
            order_id=self.order_id,
        )


def _closed(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        # The server closed it, and asyncpg has taken it back under our hands.
        return True


def break_off(connection: Connection) -> None:
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def _calls(frame: FrameType | None) -> list[tuple[CodeType, int]]:
    """Code and instruction of each call, the nearest outside this module first. A line is looked up only when wanted,
    and no frame is kept: it would keep its variables alive."""
    while frame is not None and frame.f_code.co_filename in _OWN_FILES:
        frame = frame.f_back
    calls: list[tuple[CodeType, int]] = []
    while frame is not None and len(calls) < _DEPTH:
        calls.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return calls


def _place(code: CodeType, at: int) -> str:
    line = next((line for start, end, line in code.co_lines() if start <= at < end), None)
    return f"{_shown(code.co_filename)}:{line or code.co_firstlineno}"


def _shown(file: str) -> str:
    """A file of ours as in the repository, `jwt_pizza/…`."""
    return file.removeprefix(_HOME)
