"""Tells ops twice a second how this process is, and at once when an order failed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import aiohttp
import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Refusal, Unavailable
from jwt_pizza.kernel.vitals import Receipt, Snapshot
from jwt_pizza.kit import metrics
from jwt_pizza.kit.bell import Woken
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.telemetry import Telemetry

PATH: Final = "/api/telemetry/snapshots"
EVERY: Final = 0.5
_PAUSE: Final = 0.1
"""Seconds between two snapshots, at least, however many orders fail."""
_SILENT: Final = 3.0
"""Seconds without a word that nobody takes for silence."""
_DEADLINE: Final = 1.0
_LAST_DEADLINE: Final = 0.5
_LONGEST_ANSWER: Final = 4096

Push = Callable[[Snapshot], Awaitable[Receipt]]
"""Raises Refusal when it cannot be delivered."""


class OpsDoor:
    """`POST /api/telemetry/snapshots` of ops."""

    def __init__(self, url: str, secret: str | None) -> None:
        self._url = url.rstrip("/") + PATH
        self._headers = {"Content-Type": "application/json"}
        if secret:
            self._headers["Authorization"] = f"Bearer {secret}"
        self._client: aiohttp.ClientSession | None = None

    async def push(self, snapshot: Snapshot) -> Receipt:
        if self._client is None:
            self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_DEADLINE))
        body = msgspec.json.encode(snapshot)
        try:
            async with self._client.post(self._url, data=body, headers=self._headers, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise Unavailable(f"ops answers {answer.status}")
                return msgspec.json.decode(await answer.content.read(_LONGEST_ANSWER), type=Receipt)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"ops does not answer: {type(error).__name__}") from error
        except msgspec.MsgspecError as error:
            raise Unavailable("what answers is not ops") from error

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


class Reporter:
    """Nothing that goes wrong here disturbs serving: it is counted, and what happened is told later."""

    def __init__(self, telemetry: Telemetry, push: Push, clock: Clock, log: Log) -> None:
        self._telemetry = telemetry
        self._push = push
        self._clock = clock
        self._log = log
        self._number = 0
        self._began = clock.monotonic()
        self._failing = False
        self._results = {
            result: metrics.PUSHES.labels(telemetry.service, result) for result in ("stored", "taken", "failed")
        }

    async def report(self, *, stopping: bool = False) -> bool:
        """One snapshot. Whether ops has taken it; never raises."""
        happenings = self._telemetry.happenings.waiting()
        self._number += 1
        snapshot = Snapshot(
            process=self._telemetry.process,
            service=self._telemetry.service,
            version=self._telemetry.version,
            number=self._number,
            at=self._clock.now(),
            uptime=round(self._clock.monotonic() - self._began, 3),
            vitals=self._telemetry.vitals(),
            happenings=happenings,
            stopping=stopping,
        )
        try:
            receipt = await self._push(snapshot)
        except Refusal as refusal:
            self._results["failed"].inc()
            if not self._failing:
                self._log.warning("ops does not hear this process", reason=refusal.message)
            self._failing = True
            return False
        if receipt.stored:
            self._telemetry.happenings.stored(happenings)
        self._results["stored" if receipt.stored else "taken"].inc()
        if self._failing:
            self._log.info("ops hears this process again")
        self._failing = False
        return True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        failed = asyncio.Event()
        self._telemetry.tally.on_failure = failed.set
        reporting = asyncio.create_task(self._again_and_again(failed))
        try:
            yield
        finally:
            reporting.cancel()
            with suppress(asyncio.CancelledError):
                await reporting
            self._telemetry.happenings.note("process.stopping", service=self._telemetry.service)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_DEADLINE):
                    await self._report_safely(stopping=True)

    async def _again_and_again(self, failed: asyncio.Event) -> None:
        pause = Woken(self._clock, failed)
        while True:
            began = self._clock.monotonic()
            await self._report_safely()
            await pause.rest(EVERY, most=_SILENT)
            if (early := began + _PAUSE - self._clock.monotonic()) > 0:
                await self._clock.sleep(early)

    async def _report_safely(self, *, stopping: bool = False) -> None:
        try:
            await self.report(stopping=stopping)
        except Exception as error:  # noqa: BLE001 - a defect here must disturb neither serving nor stopping
            self._log.error("the snapshot failed", error)
