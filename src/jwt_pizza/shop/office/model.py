"""Looking after people: refunds and free pizza, each with a reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.shop.audit.model import Entry


class CaseOrder(msgspec.Struct, frozen=True):
    """`diner` and `email` are empty once the account is deleted."""

    id: int
    diner_id: int
    diner: str
    email: str
    status: str
    total: Satoshis
    discount: Satoshis
    placed_at: datetime
    pizzas: str | None

    @property
    def paid(self) -> Satoshis:
        return Satoshis(self.total - self.discount)


class CaseDiner(msgspec.Struct, frozen=True):
    """`reason` and `granted_at` are of the voucher that is live, if one is."""

    id: int
    name: str
    email: str
    reason: str | None
    granted_at: datetime | None


class Case(msgspec.Struct, frozen=True):
    diner: CaseDiner | None
    orders: Sequence[CaseOrder]


class Cases(Protocol):
    """The port to diners and their orders, for who looks after them."""

    async def order(self, order_id: int) -> CaseOrder | None: ...
    async def orders_of(self, diner_id: int, *, take: int) -> Sequence[CaseOrder]: ...
    async def find_diner(self, email_key: str) -> int | None: ...
    async def diner(self, diner_id: int) -> CaseDiner | None: ...
    async def grant_voucher(self, diner_id: int, reason: str, entry: Entry) -> bool: ...
    async def revoke_voucher(self, diner_id: int, entry: Entry) -> bool: ...


class Purse(Protocol):
    """The port to the ledger."""

    async def refund(self, order_id: int, at: datetime, entry: Entry | None = None) -> Satoshis | None:
        """What the diner gets back; None when there is nothing to refund (any more)."""
        ...


def reason_of(typed: str) -> str:
    if not typed.strip():
        raise Invalid("say why: the reason is shown to whom it concerns, and kept in the audit log")
    return text.line(typed, "reason", most=300)
