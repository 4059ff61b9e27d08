"""Making good what an incident did: who was hurt, by how much, and what each of them gets, exactly once.

`Impact` is computed from orders, never guessed. A plan fixes the list of orders; executing it commits refund, voucher
and letter together for each diner. What was given is recorded per order and kind, so that nothing is ever given twice:
not by a second run, another machine, a process that died half-way, or another incident that claims the same order.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kernel.wire import Impact, Wire

Remedy = Literal["refund", "apology", "voucher"]
Harm = Literal["charged", "failed"]
"""`charged`: paid, and no pizza came. `failed`: no pizza came, nothing was charged."""
State = Literal["planned", "awaiting approval", "running", "done", "failed"]

REMEDIES: Final[dict[Harm, tuple[Remedy, ...]]] = {
    "charged": ("refund", "apology", "voucher"),
    "failed": ("apology",),
}
LONGEST_WINDOW: Final = 7 * 86400.0
"""Seconds that one incident may cover."""


class HurtOrder(Wire, frozen=True):
    """A line of the list that one downloads."""

    order_id: int
    diner_id: int
    store_id: int
    placed_at: datetime
    harm: Harm
    pizzas: int
    satoshis: int
    compensated: bool


class Minute(Wire, frozen=True):
    """Orders that were placed in it, by whether a pizza came. Those that are under way are in neither."""

    at: datetime
    good: int
    failed: int


class PlanRequest(Wire, frozen=True):
    """`explanation` stands in the letter: what happened, in words for diners."""

    since: datetime
    until: datetime
    explanation: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    remedies: dict[Harm, tuple[Remedy, ...]] = msgspec.field(default_factory=lambda: dict(REMEDIES))


class Limits(msgspec.Struct, frozen=True):
    """Beyond either, an administrator must approve."""

    diners: int
    refund: Satoshis


class Plan(Wire, frozen=True):
    """Amends for one incident and how far they are. `refund` is in satoshis; counts of what was planned and given."""

    incident: str
    state: State
    since: datetime
    until: datetime
    explanation: str
    remedies: Mapping[Harm, tuple[Remedy, ...]]
    diners: int
    orders: int
    refund: int
    done: int
    """Diners who have been given everything that is committed; letters are sent after that."""
    failed: int
    refunds: int
    refunded: int
    vouchers: int
    apologies: int
    letters_sent: int
    letters_waiting: int
    letters_failed: int
    payouts_sent: int
    """Refunds made through the payment gateway; with the built-in wallet there are none."""
    payouts_waiting: int
    payouts_failed: int
    planned_at: datetime
    planned_by: str
    needs_approval: bool
    approved_at: datetime | None
    approved_by: str | None
    started_at: datetime | None
    finished_at: datetime | None


class Failure(Wire, frozen=True):
    diner_id: int
    error: str


class AmendsStore(Protocol):
    async def impact(self, since: datetime, until: datetime) -> Impact: ...
    async def hurt(self, since: datetime, until: datetime) -> Sequence[HurtOrder]: ...
    async def minutes(self, since: datetime, until: datetime) -> Sequence[Minute]: ...
    async def plan(self, incident: str, request: PlanRequest, *, at: datetime, by: str) -> None:
        """Fixes the list; called again it adds orders that have come to light, and changes nothing that was given."""
        ...

    async def get(self, incident: str) -> Plan | None: ...
    async def approve(self, incident: str, *, at: datetime, by: str) -> bool: ...
    async def start(self, incident: str, at: datetime) -> bool: ...
    async def running(self) -> Sequence[str]:
        """Incidents whose amends were started and are not finished."""
        ...

    async def give(self, incident: str, at: datetime, *, take: int) -> int:
        """Everything for the next diners, in one commit; how many there were."""
        ...

    async def finish(self, incident: str, at: datetime) -> bool: ...
    async def failures(self, incident: str) -> Sequence[Failure]: ...
    async def retry(self, incident: str, at: datetime) -> int: ...


def window(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """Raises Invalid."""
    if since.tzinfo is None or until.tzinfo is None:
        raise Invalid("since and until must say their zone, as in 2025-04-08T15:25:00Z")
    if until <= since:
        raise Invalid("until must be after since")
    if (until - since).total_seconds() > LONGEST_WINDOW:
        raise Invalid("since and until must be at most 7 days apart")
    return since, until
