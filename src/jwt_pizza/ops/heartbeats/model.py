"""Dead-man's switches: who must say something at least so often, for silence is an alert."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Protocol

import msgspec

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.alerts.model import Incoming, Severity

SOURCE: Final = "heartbeat"
ALERT: Final = "HeartbeatMissed"
STALE: Final = 120.0
"""Seconds. While a heartbeat is missing its alert is told again and again; if nobody does so any more, it is over."""


class HeartbeatPlan(Wire, frozen=True, forbid_unknown_fields=True):
    """`interval_seconds`: silence for longer is an alert of that severity."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    interval_seconds: Annotated[float, msgspec.Meta(ge=5, le=31_536_000)]
    severity: Severity = "critical"


class Heartbeat(HeartbeatPlan, frozen=True, kw_only=True):
    """Whoever knows the token may beat: `POST /api/heartbeats/{token}`. `due_at` is when it counts as missing."""

    id: int
    token: str
    created_at: datetime
    last_at: datetime | None
    due_at: datetime

    def missing(self, at: datetime) -> bool:
        return self.due_at <= at

    def alert(self, at: datetime) -> Incoming:
        """Fires while it is missing, resolves when it is back."""
        since = "ever" if self.last_at is None else f"since {self.last_at:%Y-%m-%d %H:%M:%S} UTC"
        return Incoming(
            source=SOURCE,
            labels={"alertname": ALERT, "heartbeat": self.name, "severity": self.severity},
            annotations={"summary": f"{self.name} has not said anything {since}"},
            ends_at=None if self.missing(at) else at,
            stale_after=STALE,
        )


class Heartbeats(Protocol):
    async def all(self) -> Sequence[Heartbeat]: ...
    async def get(self, heartbeat_id: int) -> Heartbeat | None: ...
    async def add(self, plan: HeartbeatPlan, token: str, *, by: str, at: datetime) -> Heartbeat: ...
    async def change(self, heartbeat_id: int, plan: HeartbeatPlan, *, by: str, at: datetime) -> Heartbeat: ...
    async def remove(self, heartbeat_id: int, *, by: str, at: datetime) -> Heartbeat: ...
    async def beat(self, token: str, at: datetime) -> tuple[Heartbeat, bool] | None:
        """The heartbeat as it is now, and whether it was missing until now; None when nobody has this token."""
        ...

    async def missing(self, at: datetime) -> Sequence[Heartbeat]: ...
    async def note(self, missing: Sequence[Heartbeat], at: datetime) -> None:
        """That they are missing goes into the log, once for each time that they are."""
        ...
