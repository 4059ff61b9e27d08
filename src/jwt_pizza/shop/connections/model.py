"""Who holds which connection, and the attack that makes code forget to return them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from jwt_pizza.kernel.vitals import ClientPool, LeaseState, Ovens, Pool, Vitals
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.shop.audit.model import Entry

FRESH: Final = 10.0
"""Seconds after which a process that has said nothing is taken for dead."""
LONGEST_LEAK: Final = 900.0
"""Seconds after which the attack ends by itself at the latest."""


class Process(msgspec.Struct, frozen=True):
    """`id` is of this process alone, on all machines and for all time; `name` is the deployable's."""

    id: str
    name: str


class Snapshot(msgspec.Struct, frozen=True):
    """What a process last said about itself."""

    process: Process
    at: datetime
    vitals: Vitals


class Backend(Wire, frozen=True):
    """PostgreSQL's own view of a connection. `query_seconds`: how long its statement runs, or ran last."""

    pid: int
    name: str
    state: str
    query_seconds: float | None
    waits_for: str | None


class HeldLease(Wire, frozen=True):
    """A lease beside PostgreSQL's view of its connection; `backend` is null when PostgreSQL knows none. `seconds` are
    up to now: a short lease may have been returned since its process reported it."""

    owner: str
    trace: str
    line: str
    since: str
    seconds: float
    state: LeaseState
    order_id: int | None
    backend: Backend | None


class ProcessView(Wire, frozen=True):
    process: str
    name: str
    seen_seconds_ago: float
    pool: Pool | None
    clients: tuple[ClientPool, ...]
    leases: tuple[HeldLease, ...]
    ovens: Ovens | None


class Overview(Wire, frozen=True):
    """`newest_seconds` is null when no process has said anything. `backends`: PostgreSQL's connections by state."""

    newest_seconds: float | None
    processes: Sequence[ProcessView]
    backends: Mapping[str, int]
    most_backends: int


class LeakPlan(msgspec.Struct, frozen=True):
    probability: float
    fix_code: str
    starts_at: datetime
    ends_at: datetime


class LeakView(Wire, frozen=True, omit_defaults=True):
    """The attack as its operators see it."""

    kind: str
    on: bool
    probability: float | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    fix_code: str | None = None


class Snapshots(Protocol):
    """The port to what processes said."""

    async def write(self, process: Process, at: datetime, vitals: Vitals, *, forget_before: datetime) -> None:
        """Also forgets the processes that said nothing since `forget_before`."""
        ...

    async def read(self, since: datetime) -> Sequence[Snapshot]: ...
    async def backends(self) -> tuple[Mapping[int, Backend], int]:
        """Connections of this database by process id, and how many the server allows."""
        ...


class Leaks(Protocol):
    """The port to the stored attack."""

    async def start(self, plan: LeakPlan, entry: Entry) -> None:
        """Replaces one that is under way."""
        ...

    async def end(self, at: datetime, how: str, fix_code: str | None = None, entry: Entry | None = None) -> bool:
        """Whether one was under way (with `fix_code`: that one) and has ended now."""
        ...

    async def current(self, at: datetime) -> LeakPlan | None: ...


class Recalled(Wire, frozen=True):
    """`leaked`: connections that are taken back now, by the processes that hold them."""

    leaked: int


class Recalls(Protocol):
    """The port to what all processes are told."""

    async def recall(self, *, by: str, at: datetime) -> None: ...
    async def number(self) -> int:
        """How often it was said."""
        ...


OnReclaimed = Callable[[], Awaitable[object]]


class Forgetter(Protocol):
    """The port to the defect itself."""

    async def keep(self, order_id: int, on_reclaimed: OnReclaimed | None) -> bool:
        """Takes a database connection that nobody returns; False when none was free."""
        ...


class Throttle(Protocol):
    """Failed attempts by subject, shared by all processes (as for logins)."""

    async def failures(self, subjects: Sequence[str], at: datetime) -> Sequence[tuple[int, datetime]]: ...
    async def charge(self, subjects: Sequence[str], at: datetime, ends_at: datetime) -> None: ...
