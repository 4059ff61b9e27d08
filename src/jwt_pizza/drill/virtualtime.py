"""An event loop whose time passes only when there is nothing left to do.

Everything in a drill runs in one process and one loop: servers, clients, periodic work. When all of it waits for time,
time jumps to the next timer; while PostgreSQL or a thread is at work on something, it stands still. So eleven minutes
take as long as the work in them, and a deadline of a second never passes because the machine is slow.

Sockets between parts of the process need no care: what was written is readable at once. PostgreSQL is another process:
`busy` says whether it, or a thread, has been given something to do.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

_PATIENCE: Final = 0.5
"""Real seconds without a sign of life after which what is under way is taken for idle: a leaked connection, say. It is
not waited for again."""
_LOOK: Final = 0.001


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, under_way: Callable[[], frozenset[int]]) -> None:
        """`under_way` numbers what others are at work on."""
        self._virtual = 0.0
        self._others = under_way
        self._threads: dict[int, asyncio.Future[Any]] = {}
        self._idle: frozenset[int] = frozenset()
        super().__init__(_Waiting(self))

    def time(self) -> float:
        return self._virtual

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Result], *args: object
    ) -> asyncio.Future[Result]:
        future: asyncio.Future[Result] = super().run_in_executor(executor, func, *args)
        self._threads[id(future)] = future
        future.add_done_callback(lambda done: self._threads.pop(id(done), None))
        return future

    def at_work(self) -> frozenset[int]:
        """What is worth waiting for."""
        others = self._others()
        self._idle &= others
        return (others - self._idle) | frozenset(self._threads)

    def take_for_idle(self) -> None:
        self._idle |= self._others()

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
        while self._loop.at_work():
            found = super().select(_LOOK)
            if found:
                return found
            if time.monotonic() > until:
                self._loop.take_for_idle()
        self._loop.jump(timeout)
        return []


class VirtualClock:
    """The Clock of a drill: `start` is when its loop's time is 0."""

    def __init__(self, start: datetime) -> None:
        self._start = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(self, moment: datetime) -> None:
        await asyncio.sleep(max(0.0, (moment - self.now()).total_seconds()))
