"""Facts of incidents: what people and runbooks did about one, what it did to diners, and how that was made good."""

from jwt_pizza.ops.events.fact import Fact


class IncidentAcknowledged(Fact, frozen=True, tag="incident.acknowledged"):
    """`via`: console, api, command, or `alerts`: its alert group was acknowledged."""

    via: str


class IncidentMitigated(Fact, frozen=True, tag="incident.mitigated"):
    """The harm stopped; the event's time is when it did. `because` tells how that is known."""

    via: str
    because: str = ""


class HarmResumed(Fact, frozen=True, tag="incident.harm-resumed"):
    """An order failed after the harm was said to have stopped: it did not."""


class IncidentResolved(Fact, frozen=True, tag="incident.resolved"):
    via: str


class IncidentReviewed(Fact, frozen=True, tag="incident.reviewed"):
    """The report was read, and what follows from it is agreed."""

    via: str


class SeverityAssessed(Fact, frozen=True, tag="incident.severity"):
    """`because`: by hand, or what was measured."""

    severity: str
    because: str


class IncidentRenamed(Fact, frozen=True, tag="incident.renamed"):
    title: str


class RoleGiven(Fact, frozen=True, tag="incident.role"):
    """`person_id` None: nobody has it any more."""

    role: str
    person_id: int | None


class GroupLinked(Fact, frozen=True, tag="incident.group-linked"):
    group: int
    title: str


class GroupUnlinked(Fact, frozen=True, tag="incident.group-unlinked"):
    group: int


class IncidentMerged(Fact, frozen=True, tag="incident.merged"):
    """Of the one that went into another."""

    into: int


class IncidentTookIn(Fact, frozen=True, tag="incident.took-in"):
    """Of the one that took another in."""

    incident: int
    title: str


class Noted(Fact, frozen=True, tag="incident.note"):
    text: str


class ArtefactPasted(Fact, frozen=True, tag="incident.artefact"):
    """Evidence: an answer, a line of a log, a query with its result."""

    name: str
    content: str


class CommandRun(Fact, frozen=True, tag="incident.command"):
    """By hand, on a machine; `outcome` in the words of who ran it."""

    command: str
    outcome: str = ""


class Deployed(Fact, frozen=True, tag="incident.deployment"):
    what: str
    version: str


class Confirmed(Fact, frozen=True, tag="incident.confirmed"):
    """Somebody looked, and it is so: nobody is affected any more."""

    text: str


class FollowUpAdded(Fact, frozen=True, tag="incident.follow-up"):
    follow_up: int
    text: str
    owner_id: int | None = None
    due: str = ""


class FollowUpClosed(Fact, frozen=True, tag="incident.follow-up-closed"):
    """`state`: done, dropped, or open again."""

    follow_up: int
    text: str
    state: str


class ActionRun(Fact, frozen=True, tag="runbook.action"):
    """One of the actions of a runbook. `automatic`: a setting had it run by itself. `evidence`: what was seen before,
    such as the failing answer, with its keys masked."""

    action: str
    outcome: str
    good: bool
    automatic: bool = False
    evidence: str = ""


class ImpactMeasured(Fact, frozen=True, tag="impact.measured"):
    """How the harm stands, when it changed. `satoshis`: charged for what was not delivered."""

    diners: int
    orders: int
    pizzas: int
    charged: int
    satoshis: int
    late: bool = False
    """It came to light after the incident was resolved."""


class AmendsPlanned(Fact, frozen=True, tag="amends.planned"):
    """`refund` in satoshis."""

    diners: int
    orders: int
    refund: int
    needs_approval: bool


class AmendsApproved(Fact, frozen=True, tag="amends.approved"):
    diners: int
    refund: int


class AmendsStarted(Fact, frozen=True, tag="amends.started"):
    diners: int


class AmendsRetried(Fact, frozen=True, tag="amends.retried"):
    failed: int


class AmendsFinished(Fact, frozen=True, tag="amends.finished"):
    """`refunded` in satoshis; letters that could not be sent are in `letters_failed`."""

    diners: int
    refunds: int
    refunded: int
    vouchers: int
    letters: int
    letters_failed: int
