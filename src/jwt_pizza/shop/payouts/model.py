"""The refund of an order leaves the system: by the ledger alone, or through a payment gateway.

A payout is written in the commit of its refund and made afterwards. The gateway knows it by its name, so that a process
that died between making it and saying so is found out: what has that name already is not made again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kernel.wire import Wire

Status = Literal["waiting", "sent", "failed"]


class Payout(msgspec.Struct, frozen=True):
    """A payout that is due. `name` is its order's alone, in every shop that uses the same gateway."""

    order_id: int
    name: str
    amount: Satoshis
    attempts: int


class Receipt(msgspec.Struct, frozen=True):
    """What the gateway has made. `link`: under it the diner claims the money, as can whoever else has it."""

    reference: str
    link: str
    amount: Satoshis | None
    """None: not in bitcoin."""


class PayoutLine(Wire, frozen=True):
    """`told`: whether a letter tells the link. Otherwise somebody has to: their account is gone."""

    order_id: int
    diner_id: int
    name: str
    satoshis: int
    status: Status
    reference: str | None
    link: str | None
    told: bool
    error: str | None


class Payouts(Protocol):
    """The outbox of refunds that leave."""

    async def claim(self, at: datetime, until: datetime, *, take: int) -> Sequence[Payout]: ...
    async def sent(self, order_id: int, receipt: Receipt, at: datetime) -> None: ...
    async def postpone(self, order_id: int, until: datetime, error: str) -> None: ...
    async def give_up(self, order_id: int, error: str) -> None: ...
    async def of_incident(self, incident: str) -> Sequence[PayoutLine]: ...


class PaymentGateway(Protocol):
    """Both verbs raise Unavailable when it may work later, Invalid when people must change something first."""

    @property
    def pays_out(self) -> bool:
        """False: the ledger is the wallet, and a refund is complete with its transfer."""
        ...

    async def made(self, payouts: Sequence[Payout]) -> Mapping[str, Receipt | Unavailable]:
        """Those that exist already, by name; Unavailable: it exists, and cannot be used."""
        ...

    async def make(self, payout: Payout) -> Receipt:
        """May have made it although it raises."""
        ...

    async def close(self) -> None: ...
