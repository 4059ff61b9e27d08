"""Double-entry accounts and transfers, two-phase, in the manner of TigerBeetle.

A transfer's id is its order's, followed by a digit for the step: 0 for the hold, 1 for its resolution, 2 for the
refund; 3, 4 and 5 are the same steps of what goodwill pays, where a voucher takes something off. The table's primary
key is thus what makes every step of an order happen at most once.

A transfer takes its amount from one account (debit) and gives it to another (credit), so all balances sum to zero.
A hold moves nothing yet; it is resolved exactly once, by a capture that moves its amount or a void that moves nothing.
"""

from enum import IntEnum


class AccountKind(IntEnum):
    """The last decimal digit of an account's number; the digits before it are the owner's id."""

    DINER = 1
    """The bitcoin wallet of a diner: what they paid is its negative balance."""
    STORE = 2
    GOODWILL = 3
    """Pays what the shop gives away; what it has spent is its negative balance."""
    GATEWAY = 4
    """The bitcoin network beyond an external payment gateway."""


def account(kind: AccountKind, owner: int = 0) -> int:
    return owner * 10 + kind
