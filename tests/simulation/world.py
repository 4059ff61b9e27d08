"""A world for the fulfilment saga: virtual time, processes that crash, and a fault behind every await.

Everything that happens follows from the seed. Coroutines are driven by hand, without an event loop: what they await is
always a `Delay`, and the world decides what comes next.
"""

import heapq
import random
from collections.abc import Coroutine, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(2025, 4, 8, 15, 25, tzinfo=UTC)


class Delay:
    """Awaited, it lets `seconds` of virtual time pass."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __await__(self) -> Generator["Delay", None, None]:
        yield self


@dataclass(eq=False)
class Process:
    """What dies together. Its coroutines are dropped where they stand when it crashes."""

    name: str
    alive: bool = True
    running: list["Run"] = field(default_factory=list)


@dataclass(eq=False)
class Run:
    coroutine: Coroutine[Delay, None, None]
    process: Process | None


class World:
    """Also the Clock of everything in it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.trouble = self.random.choice((0.0, 0.02, 0.1, 0.3))
        self.time = 0.0
        self.log: list[str] = []
        self._queue: list[tuple[float, int, Run]] = []
        self._count = 0

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await Delay(seconds)

    async def rest(self, seconds: float, *, most: float) -> float:
        await self.sleep(seconds)
        return 0.0

    def say(self, text: str) -> None:
        self.log.append(f"{self.time:9.3f}  {text}")

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def start(self, coroutine: Coroutine[Any, Any, None], process: Process | None = None) -> None:
        run = Run(coroutine, process)
        if process is not None:
            process.running.append(run)
        self._push(0.0, run)

    def crash(self, process: Process) -> None:
        self.say(f"{process.name} crashes")
        process.alive = False
        for run in process.running:
            run.coroutine.close()
        process.running.clear()

    def run(self) -> None:
        """Until nothing is left to happen."""
        while self._queue:
            self.time, _, run = heapq.heappop(self._queue)
            if run.process is not None and not run.process.alive:
                continue
            try:
                delay = run.coroutine.send(None)
            except StopIteration:
                if run.process is not None and run in run.process.running:
                    run.process.running.remove(run)
                continue
            self._push(delay.seconds, run)

    def _push(self, seconds: float, run: Run) -> None:
        self._count += 1
        heapq.heappush(self._queue, (self.time + seconds, self._count, run))
