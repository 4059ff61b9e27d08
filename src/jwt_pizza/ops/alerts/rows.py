"""Groups and alerts as they are in storage, and as they will be."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from jwt_pizza.ops.alerts.identity import Known
from jwt_pizza.ops.alerts.model import GroupStatus, Severity


class GroupRow(msgspec.Struct):
    """A group as it is in storage, and as it will be. `id` 0: not there yet."""

    id: int
    key: str
    route_id: int
    chain_id: int | None
    assigned: bool
    title: str
    severity: Severity
    status: GroupStatus
    firing: int
    loud: int
    opened_at: datetime
    last_alert_at: datetime
    generation: int
    labels: dict[str, str] = {}
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    silenced_until: datetime | None = None
    remind_at: datetime | None = None
    unacknowledge_at: datetime | None = None
    next_action_at: datetime | None = None
    restart: bool = False
    """The escalation begins with its first step again."""
    loud_before: int = 0

    @property
    def pages(self) -> bool:
        """Whether anybody could be paged."""
        return self.chain_id is not None or self.assigned


class AlertRow(msgspec.Struct):
    group: GroupRow
    fingerprint: str
    firing: bool
    starts_at: datetime
    stale_at: datetime
    muted: str | None
    inhibits: list[str]
    inhibited: list[str]
    labels: Mapping[str, str] | None = None
    known: Known | None = None
    """As it was told now; None when only its state was read."""
    new: bool = False
    again: bool = False
    """Its group may hold a row of it already."""
    ends_at: datetime | None = None
    how: str | None = None
    changed: bool = False

    @property
    def plain(self) -> bool:
        """As nearly all: it fires, for the first time, and no rule mutes it or lets it mute others."""
        return not self.again and self.firing and self.muted is None and not self.inhibits and not self.inhibited


class Seen(msgspec.Struct, frozen=True):
    """An alert that fires and is told again."""

    group_id: int
    known: Known
