"""What changes the state of an incident. Each verb decides on the incident that is locked, and says what it becomes and
which fact is recorded; no fact: it was so already.

An incident may be mitigated before anybody acknowledges it: the harm can stop by itself.
"""

from datetime import datetime
from typing import Any

import msgspec

from jwt_pizza.kernel.errors import Conflict
from jwt_pizza.ops.events.model import AnyFact
from jwt_pizza.ops.events.of_incidents import (
    HarmResumed,
    IncidentAcknowledged,
    IncidentMitigated,
    IncidentResolved,
    IncidentReviewed,
)
from jwt_pizza.ops.incidents.model import STATES, Incident, State, Verb


def advance(
    incident: Incident, verb: Verb, *, by: str, via: str, at: datetime, because: str = ""
) -> tuple[Incident, AnyFact | None]:
    """Raises Conflict."""
    live(incident)
    match verb:
        case "acknowledge":
            return _acknowledge(incident, by, via, at)
        case "mitigate":
            return _mitigate(incident, via, at, because)
        case "relapse":
            return _relapse(incident)
        case "resolve":
            return _resolve(incident, via, at)
        case "review":
            return _review(incident, via, at)


def live(incident: Incident) -> None:
    if incident.merged_into is not None:
        raise Conflict(f"incident {incident.id} was merged into {incident.merged_into}: act on that one")


def _acknowledge(incident: Incident, by: str, via: str, at: datetime) -> tuple[Incident, AnyFact | None]:
    if incident.acknowledged_at is not None:
        return incident, None
    if not incident.open:
        raise Conflict(f"incident {incident.id} is {incident.state}: there is nothing to acknowledge any more")
    changed = _with(incident, acknowledged_at=at, acknowledged_by=by)
    if incident.state == "triggered":
        changed = _with(changed, state="acknowledged")
    return changed, IncidentAcknowledged(via=via)


def _mitigate(incident: Incident, via: str, at: datetime, because: str) -> tuple[Incident, AnyFact | None]:
    if incident.mitigated_at is not None:
        return incident, None
    changed = _with(incident, state="mitigated", mitigated_at=max(at, incident.started_at))
    return changed, IncidentMitigated(via=via, because=because)


def _relapse(incident: Incident) -> tuple[Incident, AnyFact | None]:
    if incident.state != "mitigated":
        return incident, None
    state: State = "triggered" if incident.acknowledged_at is None else "acknowledged"
    return _with(incident, state=state, mitigated_at=None), HarmResumed()


def _resolve(incident: Incident, via: str, at: datetime) -> tuple[Incident, AnyFact | None]:
    if incident.resolved_at is not None:
        return incident, None
    return (
        _with(incident, state="resolved", resolved_at=at, mitigated_at=incident.mitigated_at or at),
        IncidentResolved(via=via),
    )


def _review(incident: Incident, via: str, at: datetime) -> tuple[Incident, AnyFact | None]:
    if incident.state == "reviewed":
        return incident, None
    if incident.state != "resolved":
        where = f"{STATES.index(incident.state) + 1} of {len(STATES)}"
        raise Conflict(f"incident {incident.id} is {incident.state} ({where}): it must be resolved to be reviewed")
    return _with(incident, state="reviewed", reviewed_at=at), IncidentReviewed(via=via)


def _with(incident: Incident, **changes: Any) -> Incident:  # noqa: ANN401 - fields of Incident
    return msgspec.structs.replace(incident, **changes)
