"""Looking after people: refunds and free pizza, each with a reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, Protocol, get_args

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.shop.audit.model import Entry

VoucherState = Literal["valid", "revoked", "gone"]
"""`gone`: never revoked, but its holder's account is deleted."""
VOUCHER_STATES: Final[tuple[VoucherState, ...]] = get_args(VoucherState)


class Voucher(msgspec.Struct, frozen=True):
    """`orders` are some of those that an incident's amends gave it for; who gave and took it is a name, or empty where
    nobody is known. `cost` is what goodwill has paid stores for it, in satoshis."""

    id: int
    diner_id: int
    diner: str
    email: str
    reason: str
    granted_at: datetime
    granted_by: str
    revoked_at: datetime | None
    revoked_by: str
    why_revoked: str
    orders: tuple[int, ...]
    times: int
    cost: Satoshis

    @property
    def state(self) -> VoucherState:
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.email else "gone"


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
    async def vouchers(
        self, *, state: VoucherState | None, sought: str | None, before: int | None, take: int
    ) -> Sequence[Voucher]:
        """The newest first; `before` is an id, `sought` part of a holder's name or address or of a reason."""
        ...

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
