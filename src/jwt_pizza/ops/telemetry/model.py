"""What the watch finds, and what it needs from others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from jwt_pizza.kernel.vitals import Snapshot
from jwt_pizza.ops.alerts.model import Severity
from jwt_pizza.ops.telemetry.fleet import View

Action = Literal["report-factory", "in-house-oven", "release-oven", "stop-chaos", "reclaim-connections"]
Chart = Literal["service", "factory", "money", "connections", "processes", "oncall"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong now. `labels` tell two findings of one rule apart; `summary` has the figures."""

    severity: Severity
    summary: str
    service: str
    labels: Mapping[str, str] = {}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """`after`: seconds that a finding must last before it fires. `keep`: seconds that it must be gone before it is
    resolved. `name` is also that of its runbook, and `actions` are what its runbook can do with one tap."""

    name: str
    look: Callable[[View], Iterable[Finding]]
    chart: Chart
    after: float = 0.0
    keep: float = 10.0
    actions: tuple[Action, ...] = ()


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """`memory` of one process, in bytes."""

    memory: int = 1 << 30


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that fires, as the next leader of the watch takes it over. `since` is in seconds since the epoch."""

    rule: str
    finding: Finding
    since: float


class Pager(Protocol):
    """The port to the pager's own delay."""

    async def overdue(self) -> float:
        """By how many seconds the escalation step or message that is due longest is late; 0 when none is."""
        ...


class Snapshots(Protocol):
    """The port to snapshots that all processes of ops share."""

    async def keep(self, snapshot: Snapshot) -> None:
        """The snapshot replaces the process's former one; what happened goes into the log, once."""
        ...

    async def read(self) -> Sequence[Snapshot]:
        """What each process said last, of those that said something within a minute."""
        ...


class Leadership(Protocol):
    """The port to which process's watch leads."""

    async def lead(self) -> Sequence[Standing] | None:
        """What fires, if this process leads; None if another one does. Who leads must ask again within a second."""
        ...

    async def write(self, standing: Sequence[Standing]) -> None:
        """What fires now; only of the leader."""
        ...
