"""Wakes periodic work of this process as soon as there is something to do. What is not heard is found by looking."""

import asyncio
from collections.abc import Awaitable, Callable

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.periodic import every


class Bell:
    """Rung after a commit; several may listen."""

    def __init__(self) -> None:
        self._listeners: list[asyncio.Event] = []

    def ring(self) -> None:
        for listener in self._listeners:
            listener.set()

    def listen(self) -> asyncio.Event:
        """An event that is set by each ring; whoever listens clears it."""
        listener = asyncio.Event()
        self._listeners.append(listener)
        return listener


class Woken:
    """A clock on which one sleeps until the bell rings, at the longest."""

    def __init__(self, clock: Clock, rung: asyncio.Event) -> None:
        self.now = clock.now
        self.monotonic = clock.monotonic
        self.sleep = clock.sleep
        self._clock = clock
        self._rung = rung

    async def rest(self, seconds: float, *, most: float) -> float:
        sleeping = asyncio.ensure_future(self._clock.rest(seconds, most=most))
        hearing = asyncio.ensure_future(self._rung.wait())
        try:
            await asyncio.wait((sleeping, hearing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            hearing.cancel()
            self._rung.clear()
        return 0.0


async def whenever(
    bell: Bell, seconds: float, name: str, work: Callable[[], Awaitable[object]], clock: Clock, log: Log
) -> None:
    """As `kit.periodic.every`, and at once when the bell rings."""
    await every(seconds, name, work, Woken(clock, bell.listen()), log)
