"""Show a pizza to others, keep a favourite."""

import secrets
from collections.abc import Sequence
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import NotFound, TooMany, Unavailable
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.deliveries.model import Keepsakes, Post, Shared
from jwt_pizza.shop.orders.model import Order
from jwt_pizza.shop.orders.service import OrderDesk

MOST_FAVOURITES: Final = 12
MOST_RECEIPTS: Final = 3


class KeepsakeDesk:
    def __init__(self, keepsakes: Keepsakes, desk: OrderDesk, post: Post, clock: Clock) -> None:
        self._keepsakes = keepsakes
        self._post = post
        self._desk = desk
        self._clock = clock

    async def share_of(self, order: Order) -> Shared | None:
        return await self._keepsakes.share_of(order.id)

    async def share(self, caller: Caller, order_id: int) -> None:
        """NotFound for somebody else's order, and for one without a pizza."""
        order = await self._desk.get(caller, order_id)
        if order.jwt is None:
            raise NotFound("this order has no pizza to share")
        await self._keepsakes.share(order.id, secrets.token_urlsafe(16), self._clock.now())

    async def take_back(self, caller: Caller, order_id: int) -> None:
        """The link leads nowhere from now on; sharing again makes another."""
        order = await self._desk.get(caller, order_id)
        await self._keepsakes.unshare(order.id)

    async def mail_receipt(self, caller: Caller, order_id: int, store: str) -> None:
        """To the diner's own address. Raises Unavailable when the mail server does not take it, TooMany after a few."""
        order = await self._desk.get(caller, order_id)
        if order.status not in {"fulfilled", "refunded"}:
            raise NotFound("there is a receipt once the pizza is delivered")
        if not await self._keepsakes.count_receipt(order.id, most=MOST_RECEIPTS):
            raise TooMany(f"this receipt was mailed {MOST_RECEIPTS} times already: please look among your mail")
        try:
            await self._post.receipt(order, caller.user, store)
        except Unavailable:
            await self._keepsakes.uncount_receipt(order.id)
            raise

    async def shown(self, token: str) -> Order | None:
        return await self._keepsakes.shown(token)

    async def favourites(self, caller: Caller) -> Sequence[Order]:
        return await self._keepsakes.favourites(caller.user.id, take=MOST_FAVOURITES)

    async def keep(self, caller: Caller, order_id: int) -> None:
        order = await self._desk.get(caller, order_id)
        await self._keepsakes.keep(caller.user.id, order.id, self._clock.now(), most=MOST_FAVOURITES)

    async def drop(self, caller: Caller, order_id: int) -> None:
        await self._keepsakes.drop(caller.user.id, order_id)
