"""What people do with a group: each verb changes the row that is locked and returns the facts to be recorded.

No facts: it was so already. Whatever stops or begins the escalation makes the generation grow, so that messages of the
one before are void. Resolved is the end: whoever comes later is told so.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.errors import Conflict
from jwt_pizza.ops.alerts.model import Via
from jwt_pizza.ops.alerts.rows import GroupRow
from jwt_pizza.ops.events.model import (
    AnyFact,
    GroupAcknowledged,
    GroupEscalated,
    GroupReassigned,
    GroupResolved,
    GroupSilenced,
    GroupUnacknowledged,
    GroupUnsilenced,
)

Facts = Sequence[AnyFact]


def acknowledge(
    group: GroupRow, by: str, via: Via, at: datetime, *, remind: float | None, unacknowledge: float | None
) -> Facts:
    """`remind` and `unacknowledge` in seconds after it; None: never."""
    _open(group, "acknowledged")
    if group.status == "acknowledged":
        return ()
    group.status, group.acknowledged_at, group.acknowledged_by = "acknowledged", at, by
    group.remind_at = None if remind is None else at + timedelta(seconds=remind)
    group.unacknowledge_at = None if unacknowledge is None else at + timedelta(seconds=unacknowledge)
    _stop(group)
    return (GroupAcknowledged(via=via),)


def unacknowledge(group: GroupRow, via: Via, at: datetime) -> Facts:
    _open(group, "un-acknowledged")
    if group.status == "firing":
        return ()
    _fire(group)
    group.restart = True
    _go_on(group, at)
    return (GroupUnacknowledged(via=via),)


def resolve(group: GroupRow, by: str, via: Via, at: datetime) -> Facts:
    if group.status == "resolved":
        return ()
    group.status, group.resolved_at, group.resolved_by = "resolved", at, by
    group.silenced_until = group.remind_at = group.unacknowledge_at = None
    _stop(group)
    return (GroupResolved(via=via),)


def silence(group: GroupRow, until: datetime, via: Via) -> Facts:
    """Its messages are void, and the escalation goes on with its step at that moment."""
    _open(group, "silenced")
    group.silenced_until = until
    group.generation += 1
    if group.status == "firing":
        group.next_action_at = until if group.pages and group.loud > 0 else None
    return (GroupSilenced(via=via, until=until),)


def unsilence(group: GroupRow, via: Via, at: datetime) -> Facts:
    _open(group, "un-silenced")
    if group.silenced_until is None or group.silenced_until <= at:
        return ()
    group.silenced_until = None
    if group.status == "firing":
        _go_on(group, at)
    return (GroupUnsilenced(via=via),)


def escalate(group: GroupRow, via: Via, at: datetime) -> Facts:
    """The step that is next is taken now, whatever kept the group quiet."""
    _open(group, "escalated")
    if not group.pages:
        raise Conflict("its route has no escalation chain: assign it to somebody, or give the route a chain")
    group.silenced_until = None
    _fire(group)
    group.generation += 1
    group.next_action_at = at
    return (GroupEscalated(via=via),)


def assign(group: GroupRow, person_id: int, via: Via, at: datetime) -> Facts:
    """Pages that person alone, from now on, until it is acknowledged."""
    _open(group, "assigned")
    group.silenced_until = None
    _fire(group)
    group.assigned = group.restart = True
    group.generation += 1
    group.next_action_at = at
    return (GroupReassigned(via=via, person_id=person_id),)


def _open(group: GroupRow, done: str) -> None:
    if group.status == "resolved":
        when = iso(group.resolved_at) if group.resolved_at else "before"
        raise Conflict(f"this group was resolved at {when} by {group.resolved_by}: it cannot be {done} any more")


def _fire(group: GroupRow) -> None:
    group.status = "firing"
    group.acknowledged_at = group.acknowledged_by = group.remind_at = group.unacknowledge_at = None


def _stop(group: GroupRow) -> None:
    group.generation += 1
    group.next_action_at = None


def _go_on(group: GroupRow, at: datetime) -> None:
    """Where nothing keeps it quiet."""
    group.generation += 1
    start = at if group.silenced_until is None else max(group.silenced_until, at)
    group.next_action_at = start if group.pages and group.loud > 0 else None
