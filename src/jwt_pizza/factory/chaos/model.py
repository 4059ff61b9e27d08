"""Attacks on the factory: when one strikes, what it does, how it ends."""

import hmac
import math
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import Final, Literal, Protocol, get_args

import msgspec

from jwt_pizza.factory.vendors.model import Vendor
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wire import Wire

Kind = Literal[
    "fail", "badjwt", "throttle", "latency", "disconnect", "lost-reply", "wrong-order", "replay", "slow-drip"
]
Ending = Literal["fixed", "stopped", "replaced"]
State = Literal["scheduled", "active", "expired", "fixed", "stopped", "replaced"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
EXPLAINED: Final[dict[Kind, str]] = {
    "fail": "every order is answered with an error",
    "badjwt": "the pizza's signature does not verify",
    "throttle": "the answer comes after a long delay",
    "latency": "answers are late, some a little, some a lot",
    "disconnect": "the connection closes before anything is baked",
    "lost-reply": "the pizza is baked, but the answer never arrives",
    "wrong-order": "a valid pizza, of another order",
    "replay": "a valid pizza of this order, baked long ago",
    "slow-drip": "the answer trickles, byte after byte",
}
LATENCY_MEDIAN: Final = 0.5
"""Seconds."""
LATENCY_SPREAD: Final = 1.0
"""Sigma of the log-normal distribution: one order in ten waits 3.6 times the median, one in a hundred 10 times."""
DRIP: Final = 20.0
"""Seconds."""
DEFAULT_LENGTH: Final = timedelta(minutes=30)
_LONGEST_DELAY: Final = 300.0
_LONGEST_WAIT: Final = timedelta(days=7)


class Attack(msgspec.Struct, frozen=True):
    """`vendor_id` None: on every vendor. It ends by itself at `ends_at` at the latest."""

    id: int
    kind: Kind
    vendor_id: str | None
    probability: float
    delay: float
    fix_code: str
    started_by: str
    created_at: datetime
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    ended_how: Ending | None = None

    def state(self, now: datetime) -> State:
        if self.ended_how is not None:
            return self.ended_how
        if now >= self.ends_at:
            return "expired"
        return "scheduled" if now < self.starts_at else "active"

    def open(self, now: datetime) -> bool:
        return self.state(now) in {"scheduled", "active"}

    def fits(self, fix_code: str) -> bool:
        return hmac.compare_digest(self.fix_code.encode(), fix_code.encode("utf-8", "replace"))


class Strike(msgspec.Struct, frozen=True):
    """What one attack does to one order. `delay` in seconds never reaches past the attack's own end."""

    attack: Attack
    delay: float

    @property
    def kind(self) -> Kind:
        return self.attack.kind


class Admission(msgspec.Struct, frozen=True):
    """The vendor behind a key, and the attacks on it that nobody has ended, read at the same moment."""

    vendor: Vendor
    attacks: tuple[Attack, ...] = ()


class Plan(Wire, frozen=True):
    """An attack that somebody wants. Times are in seconds; `vendor_id` None means every vendor."""

    kind: str
    vendor_id: str | None = None
    probability: float = 1.0
    after: float = 0.0
    length: float | None = msgspec.field(default=None, name="for")
    delay: float | None = None
    start_date: datetime | None = None


class AttackCard(Wire, frozen=True, omit_defaults=True):
    """An attack as admins see it."""

    id: int
    kind: Kind
    state: State
    probability: float
    started_by: str
    starts_at: str
    ends_at: str
    vendor_id: str | None = None
    ended_at: str | None = None


class Attacked(Wire, frozen=True):
    attacks: list[AttackCard]


class Stopped(Wire, frozen=True):
    message: str
    stopped: int


class Attacks(Protocol):
    """The port to stored attacks, which all processes of the factory share."""

    async def admit(self, key_hash: bytes) -> Admission | None:
        """Read after this was asked: an attack that was started or ended anywhere before is seen."""
        ...

    async def start(self, attack: Attack) -> Attack:
        """Replaces an attack on the same target. Raises NotFound for an unknown vendor. Returns it with its id."""
        ...

    async def end(self, attack_id: int, how: Ending, at: datetime) -> bool:
        """False when it had ended."""
        ...

    async def end_all(self, at: datetime) -> int: ...
    async def of(self, vendor_id: str) -> Attack | None:
        """The vendor's own last one."""
        ...

    async def recent(self, most: int) -> Sequence[Attack]: ...


def planned(plan: Plan, *, by: str, now: datetime, longest: float, throttle: float) -> Attack:
    """`longest` attack and the delay of a `throttle` in seconds. Raises Invalid."""
    kind = kind_of(plan.kind)
    if not 0 < plan.probability <= 1:
        raise Invalid("probability must be more than 0 and at most 1")
    length = min(DEFAULT_LENGTH.total_seconds(), longest) if plan.length is None else plan.length
    if not 0 < length <= longest:
        raise Invalid(f"for must be more than 0 and at most {longest:g} seconds")
    if not 0 <= plan.after <= _LONGEST_WAIT.total_seconds():
        raise Invalid("after must be at least 0 seconds and at most 7 days")
    starts_at = plan.start_date or now + timedelta(seconds=plan.after)
    if starts_at.tzinfo is None:
        raise Invalid("startDate must say its zone, as in 2024-06-05T05:14:40Z")
    if starts_at > now + _LONGEST_WAIT:
        raise Invalid("startDate must be within 7 days")
    starts_at = max(starts_at, now)
    delay = plan.delay if plan.delay is not None else _delay(kind, throttle)
    if not 0 <= delay <= _LONGEST_DELAY:
        raise Invalid(f"delay must be at least 0 and at most {_LONGEST_DELAY:g} seconds")
    return Attack(
        id=0,
        kind=kind,
        vendor_id=plan.vendor_id,
        probability=plan.probability,
        delay=delay,
        fix_code=secrets.token_urlsafe(18),
        started_by=by,
        created_at=now,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(seconds=length),
    )


def kind_of(name: str) -> Kind:
    for kind in KINDS:
        if kind == name:
            return kind
    raise Invalid("Invalid chaos type")


def strike(attacks: Sequence[Attack], now: datetime, draw: Callable[[], float]) -> Strike | None:
    """What befalls one order. The vendor's own attack goes before one on all. `draw` is uniform in [0, 1)."""
    active = [attack for attack in attacks if attack.state(now) == "active"]
    for attack in sorted(active, key=lambda found: found.vendor_id is None):
        if draw() < attack.probability:
            delay = attack.delay
            if attack.kind == "latency":
                # Never exactly 0, where the quantile is infinite.
                delay *= math.exp(LATENCY_SPREAD * NormalDist().inv_cdf(max(draw(), 1e-9)))
            return Strike(attack, min(delay, (attack.ends_at - now).total_seconds()))
    return None


def _delay(kind: Kind, throttle: float) -> float:
    return {"throttle": throttle, "latency": LATENCY_MEDIAN, "slow-drip": DRIP}.get(kind, 0.0)
