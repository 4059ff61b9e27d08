"""What a process says about itself once a second. A section may be missing: processes of two versions run side by side
during an upgrade, so every section has a default and readers ignore the ones that they do not know."""

from typing import Literal, TypeAlias

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
    """The policy of fulfilment, and whether the breaker lets this process call the factory."""

    policy: str
    breaker: str


class Vitals(Wire, frozen=True):
    pool: Pool | None = None
    leases: tuple[Holding, ...] = ()
    clients: tuple[ClientPool, ...] = ()
    ovens: Ovens | None = None
