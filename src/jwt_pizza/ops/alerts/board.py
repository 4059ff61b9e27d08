"""What becomes of alerts and groups: the state machine, without I/O.

A board holds the rows that a batch of alerts concerns, under the lock that lets one batch decide at a time. It is told
alert after alert, and knows in the end which rows to write and which events tell of it. What arrives together is judged
by how it ends: a group pages, falls silent or resolves once a batch.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from jwt_pizza.ops.alerts.identity import Known
from jwt_pizza.ops.alerts.model import RANK, Severity, severity_of
from jwt_pizza.ops.alerts.rows import AlertRow, GroupRow, Seen
from jwt_pizza.ops.events.model import (
    SYSTEM,
    AlertFired,
    AlertResolved,
    AnyFact,
    Event,
    GroupMuted,
    GroupOpened,
    GroupResolved,
    GroupUnacknowledged,
    GroupUnmuted,
)
from jwt_pizza.ops.routing.model import Placed, Rules

LATE: Final = timedelta(seconds=60)
"""For so long after its source has ended an alert, a message about its beginning is taken for one that was delayed.
Later it is believed: better a page too many than silence."""
_TENTH: Final = 0.1


class Board:
    def __init__(self, rules: Rules, now: datetime, placed: Mapping[str, Placed] = MappingProxyType({})) -> None:
        """`placed`: where alerts belong by these rules, by fingerprint, as far as it is known."""
        self._rules = rules
        self._placed = placed
        self._now = now
        self._keys: dict[str, GroupRow] = {}
        self._alerts: dict[str, AlertRow] = {}
        self.rows: dict[tuple[int, str], AlertRow] = {}
        """Alerts to be written, if they changed: one for each group and fingerprint."""
        self._earlier: dict[str, datetime | None] = {}
        self._inhibiting: Counter[str] = Counter()
        self._events: list[tuple[GroupRow, AnyFact, str]] = []
        self._before: dict[int, tuple[object, ...]] = {}
        self.groups: dict[int, GroupRow] = {}
        """New ones, and those that were read; by identity."""
        self.seen: dict[str, Seen] = {}
        self.shifted: set[str] = set()
        """Keys of inhibition that came into force or are over: others must be looked at again."""

    # What storage knows

    def add_group(self, group: GroupRow) -> None:
        group.loud_before = group.loud
        self.groups[id(group)] = group
        self._before[id(group)] = msgspec.structs.astuple(group)
        if group.status != "resolved":
            self._keys[group.key] = group

    def add_alert(self, alert: AlertRow) -> None:
        self._alerts[alert.fingerprint] = self.rows[id(alert.group), alert.fingerprint] = alert

    def add_earlier(self, fingerprint: str, began: datetime | None) -> None:
        """An alert that fired before; `began`: the episode of it that its source has just ended."""
        self._earlier[fingerprint] = began

    def add_inhibiting(self, counts: Mapping[str, int]) -> None:
        self._inhibiting.update(counts)

    # What is told

    def hear(self, alert: Known) -> None:
        found = self._alerts.get(alert.fingerprint)
        fires = found is not None and found.firing
        if alert.ends_at is not None:
            if found is not None and found.firing and not _older(alert, found):
                self.end(found, "source", alert.ends_at, f"source:{alert.source}")
        elif found is not None and fires:
            if not found.new:
                self.seen[alert.fingerprint] = Seen(found.group.id, alert)
            found.stale_at = alert.stale_at
        elif not self._late(alert):
            self._fire(alert)

    def end(self, alert: AlertRow, how: Literal["source", "stale"], at: datetime, actor: str = SYSTEM) -> None:
        group = alert.group
        alert.firing, alert.how, alert.ends_at, alert.changed = False, how, max(at, alert.starts_at), True
        self.seen.pop(alert.fingerprint, None)
        group.firing -= 1
        group.loud -= alert.muted is None
        self._count(alert.inhibits, -1)
        self._tell(group, AlertResolved(fingerprint=alert.fingerprint, how=how), actor)

    def look_again(self, alert: AlertRow) -> None:
        """Whether something mutes it, now that rules or other alerts have changed. `labels` must be known."""
        muted = self._muted(alert.labels or {}, alert.inhibited)
        if muted == alert.muted or (alert.muted is None and muted is not None and muted.startswith("silence:")):
            # A silence keeps quiet what is new; it does not stop what pages already.
            return
        alert.group.loud += (muted is None) - (alert.muted is None)
        alert.muted, alert.changed = muted, True
        if muted is None:
            self._worsen(alert.group, severity_of((alert.labels or {}).get("severity")))

    def inhibitions_of(self, alert: AlertRow) -> None:
        """Anew, after the rules have changed."""
        labels = alert.labels or {}
        alert.inhibits, alert.inhibited, alert.changed = (
            self._rules.inhibits(labels),
            self._rules.inhibited(labels),
            True,
        )

    def unacknowledge(self, group: GroupRow, reason: str) -> None:
        group.status = "firing"
        group.acknowledged_at = group.acknowledged_by = group.remind_at = group.unacknowledge_at = None
        self._begin(group)
        self._tell(group, GroupUnacknowledged(via="alerts", reason=reason), SYSTEM)

    # What comes of it

    def settle(self) -> None:
        """Decides for each group whether it resolves, pages, or is quiet now."""
        for group in self.groups.values():
            if group.status == "resolved":
                continue
            if group.firing == 0:
                self._resolve(group)
            elif group.status == "firing":
                self._escalation(group)

    def changed_groups(self) -> list[GroupRow]:
        """Those that were there before and are not as they were."""
        return [
            group
            for key, group in self.groups.items()
            if group.id != 0 and msgspec.structs.astuple(group) != self._before.get(key)
        ]

    def events(self) -> list[Event]:
        """In the order in which it was told, once every group has its id."""
        return [Event(at=self._now, fact=fact, actor=actor, group_id=group.id) for group, fact, actor in self._events]

    def _late(self, alert: Known) -> bool:
        began = self._earlier.get(alert.fingerprint)
        return began is not None and alert.dated and alert.starts_at <= began

    def _fire(self, alert: Known) -> None:
        placed, now = self._placed.get(alert.fingerprint) or self._rules.place(alert.labels), self._now
        severity = severity_of(alert.labels.get("severity"))
        group = self._keys.get(placed.key)
        if group is None:
            group = self._keys[placed.key] = GroupRow(
                id=0,
                key=placed.key,
                route_id=placed.route.id,
                chain_id=placed.route.chain_id,
                assigned=False,
                title=alert.title,
                severity=severity,
                status="firing",
                firing=0,
                loud=0,
                opened_at=now,
                last_alert_at=now,
                generation=1,
                labels=placed.labels,
            )
            self.groups[id(group)] = group
            self._tell(group, GroupOpened(title=group.title, severity=severity), SYSTEM)
        inhibits = inhibited = _NOTHING
        if self._rules.inhibit:
            inhibits, inhibited = self._rules.inhibits(alert.labels), self._rules.inhibited(alert.labels)
            self._count(inhibits, 1)
        row = AlertRow(
            group=group,
            fingerprint=alert.fingerprint,
            firing=True,
            starts_at=alert.starts_at,
            stale_at=alert.stale_at,
            muted=self._muted(alert.labels, inhibited),
            inhibits=inhibits,
            inhibited=inhibited,
            labels=alert.labels,
            known=alert,
            new=True,
            again=alert.fingerprint in self._alerts or alert.fingerprint in self._earlier,
        )
        self.add_alert(row)
        group.firing += 1
        group.loud += row.muted is None
        group.last_alert_at = now
        fact = AlertFired(fingerprint=alert.fingerprint, source=alert.source, summary=alert.title, name=alert.name)
        self._tell(group, fact, f"source:{alert.source}")
        if row.muted is None:
            self._worsen(group, severity)

    def _worsen(self, group: GroupRow, severity: Severity) -> None:
        """A loud alert is more severe than what was acknowledged: whoever did so may not know. A muted one says so when
        it becomes loud."""
        if RANK[severity] > RANK[group.severity]:
            group.severity = severity
            if group.status == "acknowledged":
                self.unacknowledge(group, "a more severe alert joined")

    def _resolve(self, group: GroupRow) -> None:
        group.status, group.resolved_at, group.resolved_by = "resolved", self._now, SYSTEM
        group.remind_at = group.unacknowledge_at = group.silenced_until = group.next_action_at = None
        group.generation += 1
        self._tell(group, GroupResolved(via="alerts"), SYSTEM)

    def _escalation(self, group: GroupRow) -> None:
        if group.loud == 0:
            if group.loud_before > 0 or (group.id == 0 and group.next_action_at is None):
                group.next_action_at = None
                group.generation += group.id != 0
                self._tell(group, GroupMuted(reason=self._reason(group)), SYSTEM)
        elif group.loud_before == 0:
            if group.id == 0:
                group.next_action_at = self._now if group.pages else None
                return
            self._begin(group)
            self._tell(group, GroupUnmuted(), SYSTEM)

    def _begin(self, group: GroupRow) -> None:
        group.generation += 1
        group.restart = True
        start = self._now if group.silenced_until is None else max(group.silenced_until, self._now)
        group.next_action_at = start if group.pages and group.loud > 0 else None

    def _reason(self, group: GroupRow) -> str:
        reasons = {alert.muted for alert in self._alerts.values() if alert.group is group and alert.firing}
        return ", ".join(sorted(reason for reason in reasons if reason)) or "its other alerts are over"

    def _muted(self, labels: Mapping[str, str], inhibited: list[str]) -> str | None:
        silence = self._rules.silenced(labels, self._now)
        if silence is not None or not inhibited:
            return silence
        key = next((key for key in inhibited if self._inhibiting[key] > 0), None)
        return None if key is None else f"inhibition:{key.partition(':')[0]}"

    def _count(self, keys: list[str], by: int) -> None:
        for key in keys:
            before = self._inhibiting[key]
            self._inhibiting[key] += by
            if (before > 0) != (before + by > 0):
                self.shifted.add(key)

    def _tell(self, group: GroupRow, fact: AnyFact, actor: str) -> None:
        self._events.append((group, fact, actor))


_NOTHING: Final[list[str]] = []


def tells_nothing_new(alert: Known, *, fires: bool, stale_at: datetime | None, now: datetime) -> bool:
    """Whether an alert that is told again may be answered without a write: what ends is over already, or what fires
    would only be believed for less than a tenth longer or shorter."""
    if alert.ends_at is not None:
        return not fires
    if not fires or stale_at is None:
        return False
    return abs((alert.stale_at - stale_at).total_seconds()) < _TENTH * (alert.stale_at - now).total_seconds()


def _older(alert: Known, row: AlertRow) -> bool:
    """Whether an end is that of an earlier episode, told late."""
    return (
        alert.dated and alert.ends_at is not None and alert.ends_at < row.starts_at and alert.starts_at < row.starts_at
    )
