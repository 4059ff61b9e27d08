"""An event loop whose time passes only when there is nothing left to do.

Everything in a drill runs in one process and one loop: servers, clients, periodic work. When all of it waits for time,
time jumps to the next timer; while PostgreSQL or a thread is at work on something, it stands still. So eleven minutes
take as long as the work in them, and a deadline of a second never passes because the machine is slow.

Sockets between parts of the process need no care: what was written is readable at once. PostgreSQL is another process,
reached by Unix sockets: between a question and the message that it is ready for the next one, it is at work.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

_PATIENCE: Final = 2.0
"""Real seconds after which what is under way is taken for idle: a statement that waits for a lock whose holder sleeps.
It is not waited for again."""
_LOOK: Final = 0.001
_SPREAD: Final = 0.05
_GOLDEN: Final = 0.6180339887
_AWAKE: Final = 2.0
"""Seconds without a longer rest after something has happened."""
_READY: Final = b"Z\x00\x00\x00\x05"
"""The head of PostgreSQL's message ReadyForQuery; one byte of state follows."""


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = 0.0
        self._work: set[object] = set()
        self._idle: set[object] = set()
        super().__init__(_Waiting(self))

    def time(self) -> float:
        return self._virtual

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Result], *args: object
    ) -> asyncio.Future[Result]:
        future: asyncio.Future[Result] = super().run_in_executor(executor, func, *args)
        self._work.add(future)
        future.add_done_callback(self.done)
        return future

    async def create_unix_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        path: str | None = None,
        **options: Any,  # noqa: ANN401 - as asyncio has it
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        watched = _Watched(self, protocol_factory())
        await super().create_unix_connection(lambda: watched, path, **options)
        return watched.line, watched.inner  # type: ignore[return-value]

    def begun(self, what: object) -> None:
        self._work.add(what)

    def done(self, what: object) -> None:
        self._work.discard(what)
        self._idle.discard(what)

    @property
    def at_work(self) -> bool:
        """Whether others are at something worth waiting for."""
        return bool(self._work - self._idle if self._idle else self._work)

    def take_for_idle(self) -> None:
        self._idle |= self._work

    def jump(self, seconds: float) -> None:
        self._virtual += seconds


class _Waiting(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        if timeout is None:
            return super().select(None)
        until = time.monotonic() + _PATIENCE
        while self._loop.at_work:
            found = super().select(_LOOK)
            if found:
                return found
            if time.monotonic() > until:
                self._loop.take_for_idle()
        self._loop.jump(timeout)
        return []


class _Watched(asyncio.Protocol):
    """Between a driver's protocol and its connection to PostgreSQL."""

    def __init__(self, loop: VirtualLoop, inner: asyncio.Protocol) -> None:
        self._loop = loop
        self._tail = b""
        self.inner = inner
        self.line: _Line | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.line = _Line(self, transport)  # type: ignore[arg-type]
        self.inner.connection_made(self.line)  # type: ignore[arg-type]

    def asked(self) -> None:
        self._loop.begun(self)

    def data_received(self, data: bytes) -> None:
        self._tail = (self._tail + data[-6:])[-6:]
        if self._tail[:5] == _READY:
            self._loop.done(self)
        self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._loop.done(self)
        self.inner.connection_lost(error)

    def pause_writing(self) -> None:
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        self.inner.resume_writing()


class _Line:
    """A transport that tells when something is asked."""

    def __init__(self, watched: _Watched, transport: asyncio.Transport) -> None:
        self._watched = watched
        self._transport = transport

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._watched.asked()
        self._transport.write(data)

    def writelines(self, parts: list[bytes]) -> None:
        self._watched.asked()
        self._transport.writelines(parts)


class VirtualClock:
    """The Clock of a drill: `start` is when its loop's time is 0.

    Most periodic work looks twice a second for what nobody told of, and in a drill it nearly always finds nothing. So
    when nothing has happened for a while it rests as long as it may; what happens `stir`s it, and for the next seconds
    its rests take as long as they are. Sleeps, deadlines, and what a bell wakes are never late.
    """

    def __init__(self, start: datetime, *, drowsy: bool = True) -> None:
        """`drowsy`: rests may take longer."""
        self._start = start.astimezone(UTC)
        self._drowsy = drowsy
        self._awake_until = 0.0
        self._rested = 0
        self._resting: set[_Rest] = set()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def rest(self, seconds: float, *, most: float) -> float:
        # Work takes no time here, so that periodic work would never get out of step, and all of it come at once.
        self._rested += 1
        seconds *= 1 + self._rested * _GOLDEN % 1 * _SPREAD
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        if not self._drowsy or due <= self._awake_until:
            await asyncio.sleep(seconds)
            return 0.0
        rest = _Rest(loop, due)
        rest.end_at(due + max(0.0, most - seconds) * (1 - self._rested * _GOLDEN % 1 * _SPREAD))
        self._resting.add(rest)
        try:
            await rest.over
        finally:
            self._resting.discard(rest)
            rest.cancel()
        return max(0.0, loop.time() - due)

    def stir(self) -> None:
        now = self.monotonic()
        self._awake_until = now + _AWAKE
        for rest in self._resting:
            rest.end_at(max(now, rest.due))
        self._resting.clear()


class _Rest:
    def __init__(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.due = due
        self.over: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def end_at(self, moment: float) -> None:
        self.cancel()
        self._timer = self._loop.call_at(moment, self._end)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)
