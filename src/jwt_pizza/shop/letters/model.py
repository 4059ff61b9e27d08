"""Letters to diners: written in the commit of what they tell, sent afterwards, under the same Message-ID every time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from jwt_pizza.kernel.wire import Wire


class Letter(msgspec.Struct, frozen=True):
    """A letter that is due, with whom it goes to as of now; None: the account was deleted meanwhile."""

    message_id: str
    incident: str
    name: str | None
    email: str | None
    facts: "LetterFacts"
    attempts: int
    links: Mapping[int, str]
    """Where the refund of an order is claimed; of those that leave by a payment gateway."""


class LetterOrder(Wire, frozen=True):
    order_id: int
    placed_at: datetime
    store: str
    pizzas: tuple[str, ...]
    satoshis: int
    refunded: bool


class LetterFacts(Wire, frozen=True):
    explanation: str
    orders: tuple[LetterOrder, ...]
    voucher: bool
    """Free pizza for life was given (or had been before)."""


class Letters(Protocol):
    """The outbox of mail to diners."""

    async def claim(self, at: datetime, until: datetime, *, take: int) -> Sequence[Letter]: ...
    async def sent(self, message_ids: Sequence[str], at: datetime) -> None: ...
    async def void(self, message_ids: Sequence[str]) -> None: ...
    async def postpone(self, message_id: str, until: datetime, error: str) -> None: ...
    async def give_up(self, message_id: str, error: str) -> None: ...


class Post(Protocol):
    async def deliver(self, letter: Letter) -> None:
        """Raises Unavailable when it may work later, Invalid when it never will."""
        ...
