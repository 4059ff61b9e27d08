"""Alerts as everybody sends them, and the groups that people act on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.events.model import AnyFact

Severity = Literal["critical", "warning", "info"]
GroupStatus = Literal["firing", "acknowledged", "resolved"]
Via = Literal["console", "api", "link", "sms", "command", "alerts", "chain"]

RESOLVE_TIMEOUT: Final = 300.0
"""Seconds after which an alert that nobody repeats counts as resolved, as Alertmanager's `resolve_timeout`."""

RANK: Final[dict[Severity, int]] = {"critical": 2, "warning": 1, "info": 0}
_SYNONYMS: Final[dict[str, Severity]] = {
    **dict.fromkeys(
        ("critical", "page", "error", "fatal", "emergency", "high", "alert", "crit", "p1", "sev1"), "critical"
    ),
    **dict.fromkeys(("warning", "warn", "ticket", "medium", "minor", "p2", "sev2"), "warning"),
    **dict.fromkeys(("info", "information", "none", "notice", "low", "debug", "ok"), "info"),
}


def severity_of(label: str | None) -> Severity:
    """Of a label's value. What is missing or unknown counts as a warning."""
    return _SYNONYMS.get((label or "").strip().lower(), "warning")


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as a source tells it, whatever its format was. `ends_at` None: it fires; in the future: it fires until
    then, if it is not told again. `stale_after` seconds of silence about an alert without `ends_at`, it is over.

    Severity is the label `severity`; the annotations `summary`, `runbook_url` and `dashboard_url` are shown.
    """

    source: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    generator_url: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    stale_after: float = RESOLVE_TIMEOUT


class Group(Wire, frozen=True, kw_only=True):
    """What is acknowledged and resolved: alerts that belong together. `loud` of the `firing` alerts are muted by
    nothing; `labels` are those that it groups by."""

    id: int
    key: str
    title: str
    severity: Severity
    status: GroupStatus
    firing: int
    opened_at: datetime
    last_alert_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    silenced_until: datetime | None = None
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    loud: int = 0
    route_id: int = 0
    generation: int = 1
    next_action_at: datetime | None = None


class Alert(Wire, frozen=True):
    """`muted`: why it pages nobody. `how` it resolved: `source` or `stale`."""

    group_id: int
    fingerprint: str
    status: Literal["firing", "resolved"]
    source: str
    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str
    starts_at: datetime
    ends_at: datetime | None
    how: str | None
    last_seen_at: datetime
    stale_at: datetime
    muted: str | None


class Told(Wire, frozen=True):
    """An event of a group's story."""

    at: datetime
    actor: str
    fact: AnyFact


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which groups to list, the newest first, before the id `before`. `open`: neither resolved."""

    status: GroupStatus | Literal["open"] | None = None
    severity: Severity | None = None
    route_id: int | None = None
    text: str = ""
    since: datetime | None = None
    before: int | None = None
    limit: int = 50


class Alerts(Protocol):
    """Alerts in storage."""

    async def end_stale(self, before: datetime) -> int:
        """Alerts whose time was up before then are over; how many."""
        ...

    async def end_acknowledgements(self) -> int:
        """Groups that were acknowledged for longer than their route allows fire again; how many."""
        ...

    async def look_again(self) -> int:
        """After silences began or ended, or inhibition rules changed: whether what fires is muted."""
        ...


class Intake(Protocol):
    """The one way in for alerts."""

    async def take(self, alerts: tuple[Incoming, ...]) -> None:
        """Returns after the commit. Raises Invalid for what is no alert, Unavailable when nothing could be stored.
        The alerts that are fine are stored even when others are not."""
        ...


class Groups(Protocol):
    """Groups in storage. Each verb is one commit with its event, decides on the state that it finds under a lock, and
    raises NotFound, or Conflict where that state does not allow it."""

    async def get(self, group_id: int) -> Group | None: ...
    async def find(self, wanted: Wanted) -> Sequence[Group]: ...
    async def alerts_of(self, group_id: int) -> Sequence[Alert]: ...
    async def firing(self, most: int) -> Sequence[Alert]:
        """Of all groups, the last ones first."""
        ...

    async def acknowledge(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group: ...
    async def unacknowledge(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group: ...
    async def resolve(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group: ...
    async def silence(self, group_id: int, until: datetime, *, by: str, via: Via, at: datetime) -> Group: ...
    async def unsilence(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group: ...
    async def escalate(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group: ...
    async def assign(self, group_id: int, person_id: int, *, by: str, via: Via, at: datetime) -> Group: ...
