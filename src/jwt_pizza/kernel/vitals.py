"""What a process says about itself every half second. A section may be missing: processes of two versions run side by
side during an upgrade, so every section has a default and readers ignore the ones that they do not know."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal, Protocol, TypeAlias

import msgspec

from jwt_pizza.kernel.wire import Wire

LeaseState: TypeAlias = Literal["held", "leaked", "reclaimed", "returned"]
"""`leaked`: held past the first threshold. `reclaimed`: taken back past the second."""


class Pool(Wire, frozen=True):
    """Database connections of one process. `reserved` of the `limit` are for the owners that orders depend on."""

    name: str
    limit: int
    reserved: int
    used: int
    idle: int
    waiting: int
    timeouts: int = 0
    leaked: int = 0
    reclaimed: int = 0


class Holding(Wire, frozen=True):
    """A connection in use: by which route or job, for which request, taken at which line of code, since when."""

    owner: str
    trace: str
    line: str
    seconds: float
    state: LeaseState
    backend: int | None
    """PostgreSQL's process id."""
    order_id: int | None = None


class ClientPool(Wire, frozen=True):
    """Connections of an HTTP client to one other system."""

    name: str
    limit: int
    used: int
    idle: int
    waiting: int


class Ovens(Wire, frozen=True):
    """The policy of fulfilment, and whether the breaker lets this process call the factory. `forced_until`: until
    then the in-house oven bakes everything, by somebody's hand."""

    policy: str
    breaker: str
    forced_until: datetime | None = None


class Counts(Wire, frozen=True):
    """Counted since the process started: a reader takes differences, and loses nothing when a snapshot is lost.

    Durations are counts a bucket, the bounds are `kit/durations.py`'s."""

    orders: Mapping[str, int] = {}
    """By outcome: fulfilled, voided, charged (and not delivered), expired, failed (never came to the books)."""
    failed: Mapping[str, int] = {}
    """Failed orders by reason."""
    order_seconds: tuple[int, ...] = ()
    pizzas: int = 0
    revenue: int = 0
    """Satoshis."""
    requests: Mapping[str, int] = {}
    """By class of status: 2xx, 3xx, 4xx, 5xx."""
    logins: Mapping[str, int] = {}
    bakes: Mapping[str, int] = {}
    """Tries of the remote factory by reason."""
    factory_seconds: tuple[int, ...] = ()
    reported: int = 0
    """Tries of the remote factory that it answered with a link to report a problem."""


class Machine(Wire, frozen=True):
    """`loop_lag`: the worst of the last seconds; `cpu` since the start, in seconds; `memory` in bytes."""

    cpu: float
    memory: int
    files: int
    loop_lag: float


class Work(Wire, frozen=True):
    """Periodic work. `idle`: seconds since it last succeeded, or since it was begun."""

    name: str
    every: float
    idle: float
    failures: int
    """In a row."""


class Database(Wire, frozen=True):
    """`unreachable` for so many seconds; None while the process reaches it."""

    unreachable: float | None = None
    error: str = ""


class Vitals(Wire, frozen=True):
    pool: Pool | None = None
    leases: tuple[Holding, ...] = ()
    clients: tuple[ClientPool, ...] = ()
    ovens: Ovens | None = None
    counts: Counts = msgspec.field(default_factory=Counts)
    machine: Machine | None = None
    works: tuple[Work, ...] = ()
    database: Database = Database()


What: TypeAlias = Literal[
    "orders.failing",
    "chaos.struck",
    "chaos.started",
    "chaos.stopped",
    "breaker.changed",
    "stand-in.began",
    "stand-in.ended",
    "lease.leaked",
    "lease.reclaimed",
    "lease.returned",
    "report.followed",
    "database.unreachable",
    "database.back",
    "process.started",
    "process.stopping",
]
_Short = Annotated[str, msgspec.Meta(max_length=200)]


class Happening(Wire, frozen=True):
    """Something worth a line in a timeline. `key` is of this happening alone: it is told at least once."""

    key: _Short
    at: datetime
    what: What
    about: Annotated[Mapping[_Short, Annotated[str, msgspec.Meta(max_length=1000)]], msgspec.Meta(max_length=20)] = {}


MOST_HAPPENINGS: Final = 100
"""In one snapshot."""


class Notes(Protocol):
    """The port to what happens in this process."""

    def note(self, what: What, **about: object) -> None:
        """Never fails."""
        ...


class Unnoted:
    """For where nobody wants to know."""

    def note(self, what: What, **about: object) -> None: ...


Service: TypeAlias = Literal["shop", "factory", "ops"]


class Snapshot(Wire, frozen=True):
    """`process` is of this process alone, on all machines and for all time; `service` is the deployable. `uptime` is in
    seconds and by a clock that is never set; `number` grows with each snapshot. The last one says `stopping`."""

    process: _Short
    service: Service
    version: _Short
    number: int
    at: datetime
    uptime: Annotated[float, msgspec.Meta(ge=0)]
    vitals: Vitals
    happenings: Annotated[tuple[Happening, ...], msgspec.Meta(max_length=MOST_HAPPENINGS)] = ()
    stopping: bool = False


class Receipt(Wire, frozen=True):
    """Whether the happenings are stored. If not they are to be sent again."""

    stored: bool
