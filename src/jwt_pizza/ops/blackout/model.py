"""Paging without a database: what is remembered for it, and what is to be written down afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from jwt_pizza.ops.chains.model import AnyStep, NotifyTeam, OnlyIfAlerts, ResolveGroup, Wait
from jwt_pizza.ops.paging.escalation import AGAIN
from jwt_pizza.ops.people.model import Contact, Roster

PATIENCE: Final = timedelta(seconds=2)
"""How long PostgreSQL may not answer before somebody is paged: a restart takes less."""
DEFAULT_CHAIN: Final[tuple[AnyStep, ...]] = (NotifyTeam(team_id=1), Wait(seconds=300.0))
"""Where no chain is set up: the team, and in its stead everybody, again and again."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What paging needs, as it was last read. `team_id` is the chain's; `key` signs links."""

    roster: Roster
    on_call: dict[int, tuple[int, ...]]
    chain: tuple[AnyStep, ...]
    team_id: int | None
    key: bytes


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A page that is to be sent, or was. `tried`: contacts by which it did not arrive."""

    person_id: int
    contact: Contact
    send_at: datetime
    page: int
    tried: tuple[int, ...] = ()


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    person_id: int
    channel: str
    address: str
    provider: str
    contact_id: int


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    person_id: int
    channel: str
    error: str


class Acknowledgement(msgspec.Struct, frozen=True):
    began: int
    person_id: int
    via: str
    at: datetime


class Blackout(msgspec.Struct, kw_only=True):
    """One outage, kept in a file while it goes on: a process that is killed in it does not begin anew."""

    began_at: datetime
    error: str
    next_at: datetime
    step: int = 0
    visits: dict[str, int] = {}
    waiting: list[Delivery] = []
    sent: list[Sent] = []
    failed: list[Failed] = []
    nobody: list[datetime] = []
    acknowledged: Acknowledgement | None = None
    ended_at: datetime | None = None
    """The database is back, and this is to be written into it."""

    @property
    def began(self) -> int:
        """Seconds since the epoch, by which links name it."""
        return int(self.began_at.timestamp())


class Heart(Protocol):
    async def beat(self) -> str | None:
        """Why the database does not answer; None: it does."""
        ...


class Recollection(Protocol):
    async def read(self, at: datetime) -> Memory: ...


class Notebook(Protocol):
    """Files that outlive the process. None of them raises: paging goes on without."""

    def lead(self) -> bool:
        """Whether this process is the one of this machine that pages."""
        ...

    def keep(self, memory: Memory) -> None: ...
    def memory(self) -> Memory | None: ...
    def save(self, blackout: Blackout) -> None: ...
    def blackout(self) -> Blackout | None: ...
    def over(self) -> None: ...
    def acknowledge(self, acknowledgement: Acknowledgement) -> None: ...
    def acknowledgement(self, began: int) -> Acknowledgement | None: ...


def walkable(chain: Sequence[AnyStep]) -> tuple[AnyStep, ...]:
    """The chain as it can be followed without a database: no alerts are counted, and only its return resolves this."""
    steps = {OnlyIfAlerts: Wait(seconds=0.0), ResolveGroup: Wait(seconds=AGAIN.total_seconds())}
    return tuple(steps.get(type(step), step) for step in chain)
