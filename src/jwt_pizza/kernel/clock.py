"""Time is passed in. Only `SystemClock` reads the machine's; tests and the drill bring a clock of their own."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable


@runtime_checkable  # handlers ask for one, and what they are given is checked
class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, always aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards, for durations and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def rest(self, seconds: float, *, most: float) -> float:
        """As `sleep`, for work that then looks whether there is something to do: on purpose it may take longer, up to
        `most` seconds. By how much it did."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def rest(self, seconds: float, *, most: float) -> float:  # noqa: ARG002 - it never takes longer
        await asyncio.sleep(seconds)
        return 0.0


def iso(moment: datetime) -> str:
    """`2024-06-05T05:14:40.000Z`, the form of every date on the wire."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
