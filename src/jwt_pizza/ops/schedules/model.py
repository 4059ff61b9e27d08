"""Who is on call, when: rotations in layers, overrides over them, in the schedule's own time zone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from jwt_pizza.ops.people.model import Naming
from jwt_pizza.ops.schedules.foreign import Entry
from jwt_pizza.ops.schedules.lineup import Lineup, Override, OverrideKind, Standing
from jwt_pizza.ops.schedules.rotation import Rotation


class OnCall(Protocol):
    """What paging needs of schedules."""

    async def on_call(self, schedule_id: int, at: datetime) -> Sequence[int]:
        """The people on call at that moment; empty in a gap."""
        ...

    async def all_on_call(self, at: datetime) -> Mapping[int, Sequence[int]]:
        """Of every schedule; kept in memory for when there is no database."""
        ...


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """`unknown`: whom the calendar that it is kept in names and nobody in the roster is."""

    id: int
    team_id: int
    name: str
    feed_token: str
    lineup: Lineup
    calendar_url: str | None = None
    calendar_read_at: datetime | None = None
    calendar_error: str | None = None
    unknown: tuple[str, ...] = ()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    team_id: int
    name: str
    time_zone: str
    layers: tuple[Rotation, ...]
    calendar_url: str | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is None stays. An empty `calendar_url`: it is kept here from now on."""

    team_id: int | None = None
    name: str | None = None
    time_zone: str | None = None
    layers: tuple[Rotation, ...] | None = None
    calendar_url: str | None = None


class NewOverride(msgspec.Struct, frozen=True, kw_only=True):
    kind: OverrideKind
    person_id: int | None
    replaces_id: int | None
    starts: datetime
    ends: datetime


class Due(msgspec.Struct, frozen=True):
    """A schedule that is kept elsewhere, to be read now."""

    schedule_id: int
    url: str
    time_zone: str


class ScheduleBook(Protocol):
    """The port to stored schedules. Each change is one commit with its event, and with the history until then."""

    async def all(self, since: datetime) -> Sequence[Schedule]:
        """With the overrides that end after `since`."""
        ...

    async def get(self, schedule_id: int, since: datetime) -> Schedule:
        """Raises NotFound."""
        ...

    async def add(self, draft: Draft, *, by: str, at: datetime) -> int:
        """Its id. Raises Conflict for a taken name, Invalid for a team or people that are not there."""
        ...

    async def change(self, schedule_id: int, change: Change, *, by: str, at: datetime) -> None: ...
    async def remove(self, schedule_id: int, *, by: str, at: datetime) -> Sequence[Naming]:
        """What still names it, in which case nothing was changed."""
        ...

    async def new_feed_token(self, schedule_id: int, token: str, *, by: str, at: datetime) -> None: ...
    async def override(self, schedule_id: int, override: NewOverride, *, person: int, at: datetime) -> Override: ...
    async def remove_override(self, override_id: int, *, by: str, at: datetime) -> None: ...
    async def record(self, at: datetime) -> int:
        """Tells the log who has been on call until then; how many changes that were. Harmless in many processes."""
        ...

    async def history(self, schedule_id: int, since: datetime, until: datetime) -> Sequence[Standing]:
        """As it was: the standing at `since` first, if it is known."""
        ...

    async def feed_of(self, person_id: int) -> str | None:
        """The token of somebody's own feed; None for who is not there."""
        ...

    async def due(self, at: datetime, again_at: datetime) -> Due | None:
        """One that is kept elsewhere and is to be read; nobody else gets it before `again_at`."""
        ...

    async def keep(self, due: Due, entries: Sequence[Entry], at: datetime) -> None: ...
    async def fail(self, due: Due, error: str) -> None:
        """What was read before stays."""
        ...


class Source(Protocol):
    """The port to calendars elsewhere."""

    def check(self, url: str) -> str:
        """The same; raises Invalid for an address that is never read."""
        ...

    async def read(self, url: str) -> bytes:
        """Raises Unavailable with what is wrong."""
        ...
