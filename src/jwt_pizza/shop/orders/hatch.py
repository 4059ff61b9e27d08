"""The serving hatch: whoever has one in the oven watches it there instead of waiting for an answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.orders.model import Answer, Basket, Order
from jwt_pizza.shop.orders.service import OrderDesk

_MOMENT: Final = 0.15
"""Seconds that a page waits before it looks whether the order is on its way."""
_LOOK_EVERY: Final = 0.25
_PATIENCE: Final = 3.0
"""Seconds that a process that stops waits for what is in its ovens."""
_MOST: Final = 200
"""Looks at a time in one process; others reload their page."""


class Hatch:
    def __init__(self, desk: OrderDesk, clock: Clock, longest: float) -> None:
        """`longest` is how many seconds one look lasts, below a request's deadline: browsers come back."""
        self._longest = longest
        self._desk = desk
        self._clock = clock
        self._under_way: set[asyncio.Future[Answer]] = set()
        self._watching = 0

    async def place(
        self, caller: Caller, basket: Basket, key: str, renew: Callable[[], Awaitable[Caller]], agreed: Satoshis
    ) -> int:
        """The number of the order: at its end, or still held after a moment. Raises what `OrderDesk.place` raises."""
        placing = asyncio.ensure_future(self._desk.place(caller, basket, key, renew, agreed=agreed))
        self._under_way.add(placing)
        placing.add_done_callback(self._heard)
        while True:
            done, _ = await asyncio.wait({placing}, timeout=_MOMENT)
            if done:
                return placing.result().order.id
            order = await self._desk.placed(caller, key)
            if order is not None and order.status == "held":
                return order.id

    async def close(self) -> None:
        """Orders that somebody left in the oven come to their end, within their deadline; what does not is reaped."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_PATIENCE)

    async def watch(
        self, caller: Caller, order_id: int, pause: Callable[[Awaitable[None]], Awaitable[None]]
    ) -> AsyncIterator[Order]:
        """The order as it is, and again when that changes, until its end or for a while. `pause` may raise what says
        that nobody is looking any more."""
        if self._watching >= _MOST:
            raise Unavailable("too many people are looking into the oven, please reload the page")
        self._watching += 1
        try:
            end, last = self._clock.monotonic() + self._longest, None
            while True:
                order = await self._desk.get(caller, order_id)
                if order.status != last:
                    yield order
                last = order.status
                if last != "held" or self._clock.monotonic() >= end:
                    return
                await pause(self._clock.sleep(_LOOK_EVERY))
        finally:
            self._watching -= 1

    def _heard(self, placing: asyncio.Future[Answer]) -> None:
        # The desk has counted and the books know whatever it was; an exception that nobody asks for is logged twice.
        self._under_way.discard(placing)
        if not placing.cancelled():
            placing.exception()
