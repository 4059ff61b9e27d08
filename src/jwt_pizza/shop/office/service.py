"""What administrators do for people. Every verb needs a reason, and is in the audit log with its own commit."""

from typing import Final

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from jwt_pizza.kernel.money import Satoshis, btc_text
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.audit.model import AuditLog, Entry, Recorded, Verb
from jwt_pizza.shop.office.model import Case, CaseOrder, Cases, Purse, Voucher, VoucherState, reason_of

_LAST: Final = 20
_SHOWN: Final = 50
MOST_VOUCHERS: Final = 10_000
"""Lines of one file."""


class OfficeDesk:
    def __init__(self, cases: Cases, purse: Purse, log: AuditLog, clock: Clock) -> None:
        self._cases = cases
        self._purse = purse
        self._log = log
        self._clock = clock

    async def find(self, caller: Caller, sought: str) -> Case:
        """By an order's number or a diner's address; NotFound."""
        admins_only(caller)
        sought = sought.strip().removeprefix("#")
        if sought.isascii() and sought.isdecimal() and len(sought) <= 16:
            order = await self._order(int(sought))
            return Case(await self._cases.diner(order.diner_id), [order])
        diner_id = await self._cases.find_diner(text.email_key(sought)) if "\0" not in sought else None
        if diner_id is None:
            raise NotFound("there is no order with this number and no account with this address")
        orders = await self._cases.orders_of(diner_id, take=_LAST)
        return Case(await self._cases.diner(diner_id), orders)

    async def refund(self, caller: Caller, order_id: int, reason: str) -> Satoshis:
        """What goes back to the diner, from the store; a free pizza's price goes back to goodwill."""
        admins_only(caller)
        reason = reason_of(reason)
        order = await self._order(order_id)
        entry = self._entry(caller, "refunded", f"order {order.id}", reason)
        refunded = await self._purse.refund(order.id, entry.at, entry)
        if refunded is None:
            raise Conflict("only a delivered order can be refunded, and only once")
        return refunded

    async def grant(self, caller: Caller, diner_id: int, reason: str) -> None:
        """Free pizza for life."""
        admins_only(caller)
        reason = reason_of(reason)
        entry = self._entry(caller, "granted", f"voucher of user {diner_id}", reason)
        if not await self._cases.grant_voucher(diner_id, reason, entry):
            raise Conflict("this diner has free pizza for life already, or is gone")

    async def revoke(self, caller: Caller, diner_id: int, reason: str) -> None:
        admins_only(caller)
        entry = self._entry(caller, "revoked", f"voucher of user {diner_id}", reason_of(reason))
        if not await self._cases.revoke_voucher(diner_id, entry):
            raise Conflict("this diner has no voucher")

    async def grant_to(self, caller: Caller, email: str, reason: str) -> None:
        """As `grant`, to whose address this is."""
        admins_only(caller)
        diner_id = await self._cases.find_diner(text.email_key(email.strip())) if "\0" not in email else None
        if diner_id is None:
            raise NotFound("there is no account with this address: write the one that the diner logs in with")
        await self.grant(caller, diner_id, reason)

    async def vouchers(
        self, caller: Caller, *, state: VoucherState | None, sought: str | None, before: int | None
    ) -> tuple[list[Voucher], bool]:
        """The newest first, and whether there are older ones."""
        admins_only(caller)
        found = await self._cases.vouchers(state=state, sought=sought, before=before, take=_SHOWN + 1)
        return list(found[:_SHOWN]), len(found) > _SHOWN

    async def all_vouchers(self, caller: Caller, *, state: VoucherState | None, sought: str | None) -> list[Voucher]:
        """Raises Invalid where they are too many for one file."""
        admins_only(caller)
        found = await self._cases.vouchers(state=state, sought=sought, before=None, take=MOST_VOUCHERS + 1)
        if len(found) > MOST_VOUCHERS:
            raise Invalid(f"these are more than {MOST_VOUCHERS} vouchers: search for fewer")
        return list(found)

    async def log(
        self, caller: Caller, *, verb: str | None, subject: str | None, before: int | None
    ) -> tuple[list[Recorded], bool]:
        """The newest first, and whether there are older ones."""
        admins_only(caller)
        found = await self._log.page(verb=verb, subject=subject, before=before, take=_SHOWN + 1)
        return list(found[:_SHOWN]), len(found) > _SHOWN

    async def _order(self, order_id: int) -> CaseOrder:
        order = await self._cases.order(order_id) if 1 <= order_id <= LARGEST_ID else None
        if order is None:
            raise NotFound("there is no order with this number")
        return order

    def _entry(self, caller: Caller, verb: Verb, subject: str, about: str) -> Entry:
        return Entry(caller.user.id, self._clock.now(), verb, subject, about)


def admins_only(caller: Caller) -> None:
    if not caller.user.is_admin:
        raise Forbidden("this is for administrators")


def told(amount: Satoshis) -> str:
    return f"{btc_text(amount)} went back to the diner."
