"""What happened: typed facts in one append-only log. The timeline, the audit log, MTTA and every report read it.

A fact is a Struct with a `kind`; what is told of it goes into the log as JSON, so that a reader needs no other table.
Names of people are kept as actor ids (`person:3`): a report tells roles unless a name is set to be shown.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol, TypeAlias, Union

import msgspec

from jwt_pizza.ops.events import of_incidents as incidents
from jwt_pizza.ops.events.fact import Fact

SYSTEM: Final = "system"
"""The actor of what nobody did by hand."""


class AlertFired(Fact, frozen=True, tag="alert.fired", omit_defaults=True):
    """The first time in its group; a source that repeats itself adds nothing."""

    fingerprint: str
    source: str
    summary: str
    name: str = ""
    """The label `alertname`."""
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    """In older logs, in place of the name."""

    @property
    def rule(self) -> str:
        return self.name or self.labels.get("alertname", "")


class AlertResolved(Fact, frozen=True, tag="alert.resolved"):
    """`how`: told by its source, or stale because its source said nothing any more."""

    fingerprint: str
    how: str


class GroupOpened(Fact, frozen=True, tag="group.opened"):
    title: str
    severity: str


class GroupAcknowledged(Fact, frozen=True, tag="group.acknowledged"):
    """`via`: console, api, link, sms or command."""

    via: str


class GroupUnacknowledged(Fact, frozen=True, tag="group.unacknowledged"):
    via: str
    reason: str = ""


class GroupResolved(Fact, frozen=True, tag="group.resolved"):
    """`via` may also be `alerts`: the last of its alerts resolved."""

    via: str


class GroupSilenced(Fact, frozen=True, tag="group.silenced"):
    via: str
    until: datetime


class GroupUnsilenced(Fact, frozen=True, tag="group.unsilenced"):
    via: str


class GroupMuted(Fact, frozen=True, tag="group.muted"):
    """Nobody is paged: each of its alerts is silenced, in maintenance, or inhibited by another."""

    reason: str


class GroupUnmuted(Fact, frozen=True, tag="group.unmuted"):
    """It still fires, and what kept it quiet is over."""


class GroupEscalated(Fact, frozen=True, tag="group.escalated"):
    via: str


class GroupReassigned(Fact, frozen=True, tag="group.reassigned"):
    via: str
    person_id: int


class StepTaken(Fact, frozen=True, tag="escalation.step"):
    """A step of the chain was executed; `paged` people."""

    step: int
    about: str
    paged: tuple[int, ...] = ()


class NobodyPaged(Fact, frozen=True, tag="escalation.nobody"):
    """A step that should have paged somebody reached nobody."""

    step: int
    reason: str


class IncidentDeclared(Fact, frozen=True, tag="incident.declared"):
    """By a step of the chain, on its alert group; or of an incident that is declared now."""

    title: str
    severity: str


class PageQueued(Fact, frozen=True, tag="page.queued"):
    notification_id: int
    person_id: int | None
    channel: str


class PageSent(Fact, frozen=True, tag="page.sent"):
    """Handed to the provider."""

    notification_id: int
    person_id: int | None
    channel: str
    provider: str


class PageDelivered(Fact, frozen=True, tag="page.delivered"):
    notification_id: int
    person_id: int | None
    channel: str


class PageFailed(Fact, frozen=True, tag="page.failed"):
    notification_id: int
    person_id: int | None
    channel: str
    error: str
    final: bool


class PageVoided(Fact, frozen=True, tag="page.voided"):
    """It was not sent: meanwhile somebody acknowledged, or it resolved, or it was silenced."""

    notification_id: int
    person_id: int | None
    channel: str


class PagerDelayed(Fact, frozen=True, tag="pager.delayed"):
    """The auditor found an escalation that did not go on, and made it go on."""

    seconds: float


class LinkOpened(Fact, frozen=True, tag="link.opened"):
    """Somebody, or a robot, looked at the page of a link; nothing was done yet."""

    action: str


class Refused(Fact, frozen=True, tag="audit.refused"):
    """Something that claimed to come from elsewhere was not believed: forged, replayed, expired, unknown."""

    what: str
    why: str
    address: str = ""


class Changed(Fact, frozen=True, tag="audit.changed"):
    """Somebody changed the set-up: a schedule, a chain, a route, a contact, a silence."""

    what: str
    change: str


STATUS_PAGE: Final = "the status page"
"""`what` of a change that customers read: `identified: The oven is being mended.`"""


class OnCallChanged(Fact, frozen=True, tag="oncall.changed"):
    """From then on these people were on call; nobody in a gap. Written as it happens: later edits change no past."""

    schedule_id: int
    schedule: str
    people: tuple[int, ...]


class HeartbeatMissed(Fact, frozen=True, tag="heartbeat.missed"):
    name: str
    silent_seconds: float


class DatabaseLost(Fact, frozen=True, tag="database.lost"):
    """Written down afterwards: the pager told people while there was no database to write to."""

    error: str


class DatabaseBack(Fact, frozen=True, tag="database.back"):
    seconds: float
    pages: int


class DrillAsked(Fact, frozen=True, tag="drill.asked"):
    """A drill was asked for in the console; it plays in a system of its own."""

    drill_id: int
    scenario: str
    way: str
    manner: str


class DrillEnded(Fact, frozen=True, tag="drill.ended"):
    """`good`: whether all was as expected; None for one without a result."""

    drill_id: int
    scenario: str
    how: str
    good: bool | None


class Happening(Fact, frozen=True, tag="happening"):
    """Told by another deployable: the first failing order, an attack, a breaker's change, a leak (kernel/vitals.py)."""

    what: str
    source: str
    about: dict[str, str]


AnyFact: TypeAlias = Union[  # noqa: UP007 - msgspec wants the members one by one, and so do readers
    AlertFired,
    AlertResolved,
    GroupOpened,
    GroupAcknowledged,
    GroupUnacknowledged,
    GroupResolved,
    GroupSilenced,
    GroupUnsilenced,
    GroupMuted,
    GroupUnmuted,
    GroupEscalated,
    GroupReassigned,
    StepTaken,
    NobodyPaged,
    IncidentDeclared,
    incidents.IncidentAcknowledged,
    incidents.IncidentMitigated,
    incidents.HarmResumed,
    incidents.IncidentResolved,
    incidents.IncidentReviewed,
    incidents.SeverityAssessed,
    incidents.IncidentRenamed,
    incidents.RoleGiven,
    incidents.GroupLinked,
    incidents.GroupUnlinked,
    incidents.IncidentMerged,
    incidents.IncidentTookIn,
    incidents.Noted,
    incidents.ArtefactPasted,
    incidents.CommandRun,
    incidents.Deployed,
    incidents.Confirmed,
    incidents.FollowUpAdded,
    incidents.FollowUpClosed,
    incidents.ActionRun,
    incidents.ImpactMeasured,
    incidents.AmendsPlanned,
    incidents.AmendsApproved,
    incidents.AmendsStarted,
    incidents.AmendsRetried,
    incidents.AmendsFinished,
    PageQueued,
    PageSent,
    PageDelivered,
    PageFailed,
    PageVoided,
    PagerDelayed,
    LinkOpened,
    Refused,
    Changed,
    OnCallChanged,
    HeartbeatMissed,
    DatabaseLost,
    DatabaseBack,
    DrillAsked,
    DrillEnded,
    Happening,
]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """`actor`: `system`, `person:3`, `source:alertmanager`. `key`: of an event that is told at least once."""

    at: datetime
    fact: AnyFact
    actor: str = SYSTEM
    group_id: int | None = None
    incident_id: int | None = None
    key: str | None = None


class Recorded(Event, frozen=True, kw_only=True):
    """An event that is in the log."""

    id: int


class Events(Protocol):
    """The port to the log. What belongs to a change of other data is appended by its store, in the same commit."""

    async def record(self, events: Sequence[Event]) -> None: ...
    async def of_group(self, group_id: int) -> Sequence[Recorded]:
        """In the order in which it happened."""
        ...

    async def between(self, since: datetime, until: datetime, *, take: int) -> Sequence[Recorded]: ...


def actor_of(person_id: int) -> str:
    return f"person:{person_id}"
