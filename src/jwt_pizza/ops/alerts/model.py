"""Alerts as everybody sends them, and the groups that people act on."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

Severity = Literal["critical", "warning", "info"]
GroupStatus = Literal["firing", "acknowledged", "resolved"]
Via = Literal["console", "api", "link", "sms", "command", "alerts", "chain"]


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as a source tells it, whatever its format was. `ends_at` None: it fires.

    Severity is the label `severity`; the annotations `summary`, `runbook_url` and `dashboard_url` are shown.
    """

    source: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    generator_url: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What is acknowledged and resolved: alerts that belong together."""

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


class Intake(Protocol):
    """The one way in for alerts."""

    async def take(self, alerts: tuple[Incoming, ...]) -> None:
        """Returns after the commit. Raises Invalid for what is no alert, Unavailable when nothing could be stored."""
        ...
