"""What this process is, and what it costs the machine."""

import asyncio
import os
import socket
import time
from collections import deque
from pathlib import Path
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.vitals import Machine
from jwt_pizza.kit import metrics
from jwt_pizza.kit.durations import Buckets

LAG_EVERY: Final = 0.1
"""Seconds between two measurements of the event loop's lag."""
_LAG_MOST: Final = 10.0
_REMEMBERED: Final = 30
"""Measurements: the worst of three seconds is shown."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def identity(service: str, clock: Clock) -> str:
    """Of this service in this process alone, on all machines and for all time."""
    return f"{socket.gethostname()}:{os.getpid()}:{service}:{clock.now().timestamp():.3f}"


class Body:
    """Processor, memory, descriptors and event loop of this process."""

    def __init__(self, service: str, clock: Clock) -> None:
        self._clock = clock
        self._cpu = metrics.CPU.labels(service)
        self._memory = metrics.MEMORY.labels(service)
        self._files = metrics.DESCRIPTORS.labels(service)
        self._lag = metrics.LOOP_LAG.labels(service)
        self._lags = Buckets()
        self._worst: deque[float] = deque([0.0], maxlen=_REMEMBERED)
        self._cpu_counted = 0.0

    async def feel(self) -> None:
        """Measures by the event loop's own time how late it is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            expected = loop.time() + LAG_EVERY
            on_purpose = await self._clock.rest(LAG_EVERY, most=_LAG_MOST)
            late = max(loop.time() - expected - on_purpose, 0.0)
            self._lags.add(late)
            self._worst.append(late)

    def machine(self) -> Machine:
        return Machine(cpu=time.process_time(), memory=_memory(), files=_files(), loop_lag=round(max(self._worst), 4))

    def flush(self) -> None:
        """Into the metrics."""
        cpu = time.process_time()
        self._cpu.inc(cpu - self._cpu_counted)
        self._cpu_counted = cpu
        self._memory.set(_memory())
        self._files.set(_files())
        self._lag.tally(*self._lags.take())


def _memory() -> int:
    """Resident bytes; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return 0


def _files() -> int:
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1
    except OSError:
        return 0
