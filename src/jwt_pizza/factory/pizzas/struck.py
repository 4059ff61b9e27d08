"""What an order gets to see when an attack strikes it."""

import math
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from jwt_pizza.factory.chaos.model import Strike
from jwt_pizza.factory.chaos.service import ChaosDesk
from jwt_pizza.factory.pizzas.service import Kitchen
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kernel.wire import BakeAnswer, BakeRequest, Vendor, Wire
from jwt_pizza.web.express import Reply
from jwt_pizza.web.line import ClientGone, Line

_encode = msgspec.json.Encoder().encode
_LOOK: Final = 1.0
"""Seconds between looks whether the attack that makes an order wait is still on."""
_DRIP: Final = 0.05
"""Seconds between two pieces of an answer, at least."""


class Failure(Wire, frozen=True):
    message: str
    report_url: str


class Struck:
    """No wait outlasts the attack, the client, or the server."""

    def __init__(
        self, line: Line, chaos_desk: ChaosDesk, kitchen: Kitchen, clock: Clock, api_key: str, report_url: str
    ) -> None:
        self._line = line
        self._chaos_desk = chaos_desk
        self._kitchen = kitchen
        self._clock = clock
        self._api_key = api_key
        self._report_url = report_url

    async def answer(self, vendor: Vendor, order: BakeRequest, strike: Strike) -> Reply:
        """Raises ClientGone when there is nobody to answer, or nobody shall be."""
        began = self._clock.monotonic()
        match strike.kind:
            case "fail":
                await self._kitchen.record(vendor, order, "failed", strike.kind, began)
                return Reply(_encode(Failure(message="chaos monkey", report_url=self._report_url)), status=500)
            case "disconnect":
                await self._kitchen.record(vendor, order, "failed", strike.kind, began)
                await self._line.hang_up()
            case "lost-reply":
                await self._kitchen.bake(vendor, order, chaos=strike.kind, since=began)
                await self._line.hang_up()
            case "throttle" | "latency":
                try:
                    await self._hold(strike)
                except ClientGone:
                    await self._kitchen.record(vendor, order, "failed", strike.kind, began)
                    raise
        token = await self._kitchen.bake(vendor, order, chaos=strike.kind, since=began)
        body = _encode(BakeAnswer(jwt=token, report_url=self._report_url))
        return Reply(body, pieces=self._drip(body, strike) if strike.kind == "slow-drip" else None)

    async def _hold(self, strike: Strike) -> None:
        left = strike.delay
        while left > 0:
            part = min(left, _LOOK)
            await self._line.pause(self._clock.sleep(part))
            left -= part
            if left > 0 and not await self._lasts(strike):
                return

    async def _drip(self, body: bytes, strike: Strike) -> AsyncIterator[bytes]:
        pieces = max(1, min(len(body), int(strike.delay / _DRIP)))
        size = math.ceil(len(body) / pieces)
        pause = strike.delay / pieces
        waited = 0.0
        for start in range(0, len(body), size):
            if waited >= _LOOK:
                waited = 0.0
                if not await self._lasts(strike):
                    yield body[start:]
                    return
            yield body[start : start + size]
            await self._line.pause(self._clock.sleep(pause))
            waited += pause

    async def _lasts(self, strike: Strike) -> bool:
        try:
            return await self._chaos_desk.lasts(self._api_key, strike.attack)
        except Refusal:
            # The database is away for a moment: the delay has an end of its own.
            return True
