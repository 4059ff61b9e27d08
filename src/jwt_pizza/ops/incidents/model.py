"""Incidents: what they are, in which order their states come, and how severe one is by what it did to diners."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel import wire
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.events.model import AnyFact, Recorded

Severity = Literal["critical", "major", "minor"]
State = Literal["triggered", "acknowledged", "mitigated", "resolved", "reviewed"]
Verb = Literal["acknowledge", "mitigate", "relapse", "resolve", "review"]
Role = Literal["commander", "communications", "scribe", "operations"]
FollowUpState = Literal["open", "done", "dropped"]

STATES: Final[tuple[State, ...]] = ("triggered", "acknowledged", "mitigated", "resolved", "reviewed")
ROLES: Final[Mapping[Role, str]] = {
    "commander": "decides",
    "communications": "tells customers and the rest of the house",
    "scribe": "writes down what is found",
    "operations": "does what is decided",
}
BEFORE: Final = timedelta(minutes=5)
AFTER: Final = timedelta(minutes=1)
"""What happened so long before the first harm and after the resolution is on the timeline, too: not the next attack."""
OF_ALERT: Final[Mapping[str, Severity]] = {"critical": "critical", "warning": "major", "info": "minor"}
"""How severe an incident is until anything is measured, by the severity of its alert group."""
_CRITICAL_DINERS: Final = 10
_CRITICAL_SHARE: Final = 0.1


class Impact(wire.Impact, frozen=True):
    """As the shop computes it. `routes_disturbed`: what watched the shop's other routes, and fired within the window;
    none: no other route was disturbed."""

    routes_disturbed: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Of all diners who tried."""
        return self.diners_affected / self.diners_tried if self.diners_tried else 0.0

    @property
    def severity(self) -> Severity | None:
        """None where nobody tried: then nothing is measured."""
        if not self.orders_tried:
            return None
        if not self.orders_failed:
            return "minor"
        bad = self.orders_charged or self.diners_affected >= _CRITICAL_DINERS or self.share >= _CRITICAL_SHARE
        return "critical" if bad else "major"

    def harm(self) -> tuple[int, ...]:
        """What is told on the timeline when it changes."""
        return (self.diners_affected, self.orders_failed, self.pizzas_not_delivered, self.orders_charged)


class Amends(Wire, frozen=True):
    """A plan at the shop (shop/amends/model.py) and how far it is; `refund` in satoshis."""

    incident: str
    state: Literal["planned", "awaiting approval", "running", "done", "failed"]
    since: datetime
    until: datetime
    explanation: str
    remedies: dict[str, tuple[str, ...]]
    diners: int
    orders: int
    refund: int
    done: int
    failed: int
    refunds: int
    refunded: int
    vouchers: int
    apologies: int
    letters_sent: int
    letters_waiting: int
    letters_failed: int
    planned_at: datetime
    planned_by: str
    needs_approval: bool
    approved_at: datetime | None
    approved_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    payouts_sent: int = 0
    """Refunds made through a payment gateway, if one is set up."""
    payouts_waiting: int = 0
    payouts_failed: int = 0

    @property
    def over(self) -> bool:
        """Everything was given, and no payout and no letter waits."""
        return self.state == "done" and not self.payouts_waiting and not self.letters_waiting

    @property
    def failures(self) -> int:
        """What people should look at, and then try again."""
        return self.failed + self.payouts_failed + self.letters_failed


class Incident(Wire, frozen=True):
    """`started_at`: the first harm that is known, else when it was declared. `mitigated_at`: when the harm stopped."""

    id: int
    title: str
    severity: Severity
    state: State
    started_at: datetime
    declared_at: datetime
    declared_by: str
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    reviewed_at: datetime | None = None
    merged_into: int | None = None
    severity_by_hand: bool = False
    groups: tuple[int, ...] = ()
    roles: Mapping[Role, int] = msgspec.field(default_factory=dict)
    impact: Impact | None = None
    measured_at: datetime | None = None
    amends: Amends | None = None

    @property
    def open(self) -> bool:
        return self.merged_into is None and self.state not in {"resolved", "reviewed"}

    @property
    def key(self) -> str:
        """Of its amends at the shop."""
        return f"incident-{self.id}"


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """`group_id`: the alert group that it is about. `key`: declared twice with the same one, it is one incident."""

    title: str
    severity: Severity
    started_at: datetime
    group_id: int | None = None
    by_hand: bool = True
    key: str | None = None


class FollowUp(Wire, frozen=True):
    """Something to be done so that it does not happen again."""

    id: int
    incident_id: int
    text: str
    owner_id: int | None
    due_on: date | None
    state: FollowUpState
    created_at: datetime
    created_by: str
    closed_at: datetime | None


class Incidents(Protocol):
    """Incidents in storage. Each change is one commit with its event, decides on the state that it finds under a lock,
    and raises NotFound, or Conflict where that state does not allow it. `by` is an actor such as `person:3`; `via`:
    console, api, command, alerts."""

    async def declare(self, declaration: Declaration, *, by: str, via: str, at: datetime) -> Incident: ...
    async def get(self, incident_id: int) -> Incident | None: ...
    async def of_group(self, group_id: int) -> int | None:
        """The incident that an alert group belongs to."""
        ...

    async def list(self, *, state: str | None, before: int | None, take: int) -> Sequence[Incident]:
        """The newest first, without those that were merged. `state` may be `open`: not resolved."""
        ...

    async def advance(
        self, incident_id: int, verb: Verb, *, by: str, via: str, at: datetime, because: str = ""
    ) -> Incident:
        """Nothing changes, and no event is written, where it is so already. `at` may be in the past."""
        ...

    async def assess(self, incident_id: int, severity: Severity | None, *, by: str, at: datetime) -> Incident:
        """By hand; None: what is measured counts again."""
        ...

    async def rename(self, incident_id: int, title: str, *, by: str, at: datetime) -> Incident: ...
    async def give_role(
        self, incident_id: int, role: Role, person_id: int | None, *, by: str, at: datetime
    ) -> Incident:
        """None: nobody has it any more."""
        ...

    async def link_group(self, incident_id: int, group_id: int, *, by: str, at: datetime) -> Incident:
        """It leaves the incident that it belonged to."""
        ...

    async def unlink_group(self, incident_id: int, group_id: int, *, by: str, at: datetime) -> Incident: ...
    async def merge(self, incident_id: int, into: int, *, by: str, at: datetime) -> Incident:
        """What the other one becomes."""
        ...

    async def note(self, incident_id: int, fact: AnyFact, *, by: str, at: datetime, key: str | None = None) -> None:
        """Any fact that changes nothing else: a note, an artefact, a command, a deployment, a confirmation."""
        ...

    async def add_follow_up(
        self, incident_id: int, text: str, *, owner_id: int | None, due_on: date | None, by: str, at: datetime
    ) -> FollowUp: ...
    async def close_follow_up(self, follow_up_id: int, state: FollowUpState, *, by: str, at: datetime) -> FollowUp: ...
    async def follow_ups(self, incident_id: int) -> Sequence[FollowUp]: ...
    async def timeline(self, incident_id: int) -> Sequence[Recorded]:
        """What was done to it and to those that were merged into it, what their alert groups did, and what happened
        around it; in order."""
        ...


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What its alert groups say of an incident. None: nothing."""

    incident_id: int
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None


class RuleSeen(msgspec.Struct, frozen=True):
    """A rule whose alerts are in an incident's groups. `last_at`: when the last of them ended, or was told."""

    name: str
    firing: bool
    runbook: str
    last_at: datetime


class Watching(Protocol):
    """The port to what is done again and again. Harmless when several processes do it at once."""

    async def adopt(self, severities: Sequence[str], at: datetime) -> int:
        """Severe alert groups that belong to no incident join the one that is under way, or declare one; how many."""
        ...

    async def moved(self) -> Sequence[Moved]: ...
    async def claim(self, at: datetime, *, again: timedelta, take: int) -> Sequence[int]:
        """Incidents that are due to be looked at; others look at them only after `again`."""
        ...

    async def look_again(self, incident_id: int, at: datetime | None) -> None: ...
    async def measure(self, incident_id: int, impact: Impact, *, at: datetime) -> Incident:
        """Writes it down, and what it changes: when the harm began, how severe it is, what the timeline tells."""
        ...

    async def rules(self, incident_id: int) -> Sequence[RuleSeen]: ...
    async def disturbed(self, rules: Sequence[str], since: datetime, until: datetime) -> Sequence[str]: ...
    async def tell_amends(self, incident_id: int, amends: Amends, *, by: str, at: datetime) -> Incident:
        """Keeps the plan as it is now; what is new about it is told once."""
        ...

    async def begin_run(self, incident_id: int, action: str, at: datetime) -> bool:
        """Whether the action is to run by itself now: once in an incident."""
        ...
