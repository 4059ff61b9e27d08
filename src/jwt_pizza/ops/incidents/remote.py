"""What incidents ask of the shop and the factory, and for whom."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.events.model import SYSTEM, actor_of
from jwt_pizza.ops.incidents.model import Amends, Impact
from jwt_pizza.ops.people.model import Person


class Actor(msgspec.Struct, frozen=True):
    """Who acts. Managers are administrators of the shop, everybody else is one of its engineers."""

    name: str
    administrator: bool = False


BY_ITSELF: Final = Actor(SYSTEM)


def acting(person: Person) -> Actor:
    return Actor(actor_of(person.id), person.manages)


class AmendsRequest(Wire, frozen=True):
    since: datetime
    until: datetime
    explanation: str
    remedies: dict[str, tuple[str, ...]] | None = None


class Failure(Wire, frozen=True):
    """A diner who could not be given, or sent, what was planned."""

    diner_id: int
    error: str


class Minute(Wire, frozen=True):
    """Orders that were placed in it, by whether a pizza came."""

    at: datetime
    good: int
    failed: int


class Attempt(Wire, frozen=True):
    """What an oven answered. `report_url` carries a key: it is shown to nobody."""

    id: int
    order_id: int
    oven: str
    started_at: datetime
    ms: float
    reason: str
    status: int | None
    error: str | None
    report_url: str | None
    trace: str | None


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts. `outcome`: `failed`, or a reason of the shop's; None, as everywhere here: any."""

    take: int
    oven: str | None = None
    outcome: str | None = None
    order_id: int | None = None
    before: int | None = None


class Shop(Protocol):
    """The port to the shop and its factory. Raises Refusal: their own words, or Unavailable."""

    async def impact(self, actor: Actor, since: datetime, until: datetime) -> Impact: ...
    async def hurt_orders(self, actor: Actor, since: datetime, until: datetime) -> bytes:
        """CSV."""
        ...

    async def minutes(self, actor: Actor, since: datetime, until: datetime) -> Sequence[Minute]:
        """Oldest first, without those in which nobody ordered."""
        ...

    async def plan(self, actor: Actor, key: str, request: AmendsRequest) -> Amends: ...
    async def amends(self, actor: Actor, key: str) -> Amends: ...
    async def approve(self, actor: Actor, key: str) -> Amends: ...
    async def start(self, actor: Actor, key: str) -> Amends: ...
    async def retry(self, actor: Actor, key: str) -> Amends: ...
    async def failures(self, actor: Actor, key: str) -> Sequence[Failure]: ...
    async def attempts(self, actor: Actor, sought: Sought) -> Sequence[Attempt]:
        """The newest first."""
        ...

    async def attempt(self, actor: Actor, attempt_id: int) -> Attempt: ...
    async def follow_report(self, actor: Actor, attempt_id: int) -> tuple[int, str]:
        """Status and message of the factory's answer."""
        ...

    async def force_oven(self, actor: Actor, seconds: float) -> None: ...
    async def release_oven(self, actor: Actor) -> None: ...
    async def stop_leak(self, actor: Actor) -> None: ...
    async def stop_attacks(self, actor: Actor) -> int:
        """On the factory; how many ended."""
        ...

    async def recall_connections(self, actor: Actor) -> int: ...
