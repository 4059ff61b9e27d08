"""Work that is done again and again beside the requests, and how it goes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kernel.vitals import Work
from jwt_pizza.kit import metrics
from jwt_pizza.kit.logs import Log

_LATE: Final = 10.0
"""Seconds by which work may be late while nothing happens: less than what the watch takes for dead."""
_under_way: Final[dict[tuple[str, str], "_Record"]] = {}


class _Record:
    def __init__(self, service: str, name: str, seconds: float, clock: Clock) -> None:
        self._clock = clock
        self._last = metrics.LAST_SUCCESS.labels(service, name)
        self._runs = {result: metrics.RUNS.labels(service, name, result) for result in ("done", "postponed", "failed")}
        self.name = name
        self.every = seconds
        self.succeeded_at = clock.monotonic()
        self.failures = 0

    def ran(self, result: str) -> None:
        self._runs[result].inc()
        if result == "done":
            self.failures = 0
            self.succeeded_at = self._clock.monotonic()
            self._last.set(self._clock.now().timestamp())
        else:
            self.failures += 1

    def work(self) -> Work:
        idle = self._clock.monotonic() - self.succeeded_at
        return Work(name=self.name, every=self.every, idle=round(idle, 3), failures=self.failures)


async def every(seconds: float, name: str, work: Callable[[], Awaitable[object]], clock: Clock, log: Log) -> None:
    """Runs `work` until cancelled. A failure is logged, and tried again next time."""
    key = (log.service, name)
    record = _under_way[key] = _Record(log.service, name, seconds, clock)
    try:
        while True:
            await clock.rest(seconds, most=seconds + _LATE)
            record.ran(await _once(name, work, log))
    finally:
        if _under_way.get(key) is record:
            del _under_way[key]


async def _once(name: str, work: Callable[[], Awaitable[object]], log: Log) -> str:
    try:
        await work()
    except asyncio.CancelledError:
        raise
    except Refusal as refusal:
        log.warning("periodic work postponed", work=name, reason=refusal.message)
        return "postponed"
    except Exception as error:  # noqa: BLE001 - it runs again
        log.error("periodic work failed", error, work=name)
        return "failed"
    return "done"


def works(service: str) -> Sequence[Work]:
    """All periodic work of this process, for a service of those that it runs."""
    return tuple(record.work() for (of, _), record in _under_way.items() if of == service)
