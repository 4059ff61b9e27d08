"""Everything that the shop keeps of one person, to look at and to take along."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.shop.accounts.model import User
from jwt_pizza.shop.orders.model import OrderWithPizza


class Free(msgspec.Struct, frozen=True):
    """Free pizza for life, and what it has paid so far in satoshis."""

    reason: str
    granted_at: datetime
    revoked_at: datetime | None
    pizzas: int
    worth: int


class Letter(Wire, frozen=True):
    queued_at: datetime
    sent_at: datetime | None
    status: str
    facts: Mapping[str, object]


class LoginKept(Wire, frozen=True):
    device: str
    since: datetime
    until: datetime


class VoucherKept(Wire, frozen=True):
    reason: str
    granted_at: datetime
    revoked_at: datetime | None


class Export(Wire, frozen=True):
    """Amounts of orders are in BTC, as in the API."""

    exported_at: datetime
    user: User
    registered_at: datetime
    logins: Sequence[LoginKept]
    orders: Sequence[OrderWithPizza]
    favourites: Sequence[int]
    shared: Sequence[int]
    vouchers: Sequence[VoucherKept]
    letters: Sequence[Letter]


class Belongings(Protocol):
    """The port to what belongs to a person, beyond accounts and orders."""

    async def registered_at(self, user_id: int) -> datetime: ...
    async def vouchers(self, user_id: int) -> Sequence[Free]: ...
    async def letters(self, user_id: int) -> Sequence[Letter]: ...
    async def favourites(self, user_id: int) -> Sequence[int]: ...
    async def shared(self, user_id: int) -> Sequence[int]: ...
