"""What diners keep of their orders: links that show a pizza to others, and favourites."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from jwt_pizza.shop.accounts.model import User
from jwt_pizza.shop.orders.model import Order


class Shared(msgspec.Struct, frozen=True):
    """`token` stands in the link; whoever has it sees the pizza."""

    token: str
    shared_at: datetime


class Keepsakes(Protocol):
    """The port to what is kept."""

    async def share_of(self, order_id: int) -> Shared | None: ...
    async def share(self, order_id: int, token: str, at: datetime) -> None:
        """Again: the link stays what it is."""
        ...

    async def unshare(self, order_id: int) -> None: ...
    async def shown(self, token: str) -> Order | None:
        """The order behind a link, while it has a pizza."""
        ...

    async def favourites(self, diner_id: int, *, take: int) -> Sequence[Order]:
        """The last kept first."""
        ...

    async def keep(self, diner_id: int, order_id: int, at: datetime, *, most: int) -> None:
        """Of the diner's own orders, and only while there are fewer than `most`."""
        ...

    async def drop(self, diner_id: int, order_id: int) -> None: ...
    async def count_receipt(self, order_id: int, *, most: int) -> bool:
        """Whether one more may be mailed; then it counts."""
        ...

    async def uncount_receipt(self, order_id: int) -> None: ...


class Post(Protocol):
    async def receipt(self, order: Order, diner: User, store: str) -> None:
        """Raises Unavailable when it could not be mailed in time."""
        ...
