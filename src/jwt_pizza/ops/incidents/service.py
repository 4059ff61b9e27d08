"""The verbs on incidents, for console, API and commands alike."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound, Refusal
from jwt_pizza.ops.alerts.model import Via
from jwt_pizza.ops.alerts.service import GroupDesk
from jwt_pizza.ops.events.model import AnyFact, Recorded
from jwt_pizza.ops.events.of_incidents import ArtefactPasted, CommandRun, Confirmed, Deployed, Noted
from jwt_pizza.ops.incidents.lookout import IncidentLookout
from jwt_pizza.ops.incidents.model import (
    Declaration,
    FollowUp,
    FollowUpState,
    Incident,
    Incidents,
    Role,
    Severity,
    Verb,
)
from jwt_pizza.ops.incidents.remote import Actor

LONGEST_TITLE: Final = 200
LONGEST_LINE: Final = 1000
LONGEST_TEXT: Final = 20_000
_OLDEST: Final = timedelta(days=7)
"""An incident that began before that is none of now; the shop computes the impact of a week at most."""
How = Literal["console", "api"]


class Entry(msgspec.Struct, frozen=True, tag_field="kind", rename="camel"):
    """What somebody adds to the timeline."""


class NoteEntry(Entry, frozen=True, tag="note"):
    text: str


class ArtefactEntry(Entry, frozen=True, tag="artefact"):
    """Evidence, as it was: an answer, lines of a log."""

    name: str
    content: str


class CommandEntry(Entry, frozen=True, tag="command"):
    command: str
    outcome: str = ""


class DeploymentEntry(Entry, frozen=True, tag="deployment"):
    what: str
    version: str


class ConfirmationEntry(Entry, frozen=True, tag="confirmation"):
    """Somebody looked, and it is so."""

    text: str


AnyEntry = NoteEntry | ArtefactEntry | CommandEntry | DeploymentEntry | ConfirmationEntry


class IncidentDesk:
    """Raises NotFound, Invalid, and Conflict for what its state does not allow. A verb that changes nothing is no error
    and leaves no event."""

    def __init__(self, incidents: Incidents, lookout: IncidentLookout, groups: GroupDesk, clock: Clock) -> None:
        self._incidents = incidents
        self._lookout = lookout
        self._groups = groups
        self._clock = clock

    async def find(self, *, state: str | None, before: int | None, take: int) -> Sequence[Incident]:
        return await self._incidents.list(state=state, before=before, take=take)

    async def get(self, incident_id: int) -> Incident:
        incident = await self._incidents.get(incident_id)
        if incident is None:
            raise NotFound(f"there is no incident {incident_id}")
        return incident

    async def of_group(self, group_id: int) -> int | None:
        """The incident that an alert group belongs to."""
        return await self._incidents.of_group(group_id)

    async def timeline(self, incident_id: int) -> Sequence[Recorded]:
        await self.get(incident_id)
        return await self._incidents.timeline(incident_id)

    async def follow_ups(self, incident_id: int) -> Sequence[FollowUp]:
        return await self._incidents.follow_ups(incident_id)

    async def declare(
        self,
        actor: Actor,
        *,
        title: str,
        severity: Severity | None,
        started_at: datetime | None,
        group_id: int | None,
        key: str | None,
        via: How,
    ) -> Incident:
        """Without a severity it is major until what is measured says otherwise."""
        now = self._clock.now()
        if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
            raise Invalid("Idempotency-Key must have 1 to 255 printable ASCII characters")
        if started_at is not None:
            started_at = _past(started_at, "startedAt", now, now - _OLDEST)
        declaration = Declaration(
            title=text.line(title, "title", most=LONGEST_TITLE),
            severity=severity or "major",
            started_at=started_at or now,
            group_id=group_id,
            by_hand=severity is not None,
            key=f"{actor.name}:{key}" if key is not None else None,
        )
        return await self._incidents.declare(declaration, by=actor.name, via=via, at=now)

    async def acknowledge(self, incident_id: int, actor: Actor, *, via: How) -> Incident:
        """Its alert groups are acknowledged too: nobody is paged any more."""
        incident = await self._advance(incident_id, "acknowledge", actor, via)
        await self._with_groups(incident, "acknowledge", actor, via)
        return await self.get(incident_id)

    async def mitigate(
        self, incident_id: int, actor: Actor, *, moment: datetime | None, because: str, via: How
    ) -> Incident:
        """`moment`: when the harm stopped; now, if nothing is said."""
        incident, now = await self.get(incident_id), self._clock.now()
        if moment is not None:
            moment = _past(moment, "at", now, incident.started_at)
        if because:
            because = text.line(because, "because", most=LONGEST_LINE)
        return await self._incidents.advance(
            incident_id, "mitigate", by=actor.name, via=via, at=moment or now, because=because
        )

    async def resolve(self, incident_id: int, actor: Actor, *, via: How) -> Incident:
        """Its alert groups are resolved too. When the harm stopped is looked up before, if nobody knows yet."""
        incident = await self.get(incident_id)
        if incident.open and incident.mitigated_at is None:
            await self._lookout.settle(incident_id)
        incident = await self._advance(incident_id, "resolve", actor, via)
        await self._with_groups(incident, "resolve", actor, via)
        return await self.get(incident_id)

    async def review(self, incident_id: int, actor: Actor, *, via: How) -> Incident:
        return await self._advance(incident_id, "review", actor, via)

    async def assess(self, incident_id: int, severity: Severity | None, actor: Actor) -> Incident:
        return await self._incidents.assess(incident_id, severity, by=actor.name, at=self._clock.now())

    async def rename(self, incident_id: int, title: str, actor: Actor) -> Incident:
        title = text.line(title, "title", most=LONGEST_TITLE)
        return await self._incidents.rename(incident_id, title, by=actor.name, at=self._clock.now())

    async def give_role(self, incident_id: int, role: Role, person_id: int | None, actor: Actor) -> Incident:
        return await self._incidents.give_role(incident_id, role, person_id, by=actor.name, at=self._clock.now())

    async def link_group(self, incident_id: int, group_id: int, actor: Actor) -> Incident:
        return await self._incidents.link_group(incident_id, group_id, by=actor.name, at=self._clock.now())

    async def unlink_group(self, incident_id: int, group_id: int, actor: Actor) -> Incident:
        return await self._incidents.unlink_group(incident_id, group_id, by=actor.name, at=self._clock.now())

    async def merge(self, incident_id: int, into: int, actor: Actor) -> Incident:
        return await self._incidents.merge(incident_id, into, by=actor.name, at=self._clock.now())

    async def add(self, incident_id: int, entry: AnyEntry, actor: Actor) -> Incident:
        """To the timeline."""
        await self._incidents.note(incident_id, _fact(entry), by=actor.name, at=self._clock.now())
        return await self.get(incident_id)

    async def add_follow_up(
        self, incident_id: int, what: str, *, owner_id: int | None, due_on: date | None, actor: Actor
    ) -> FollowUp:
        what = text.line(what, "text", most=LONGEST_LINE)
        return await self._incidents.add_follow_up(
            incident_id, what, owner_id=owner_id, due_on=due_on, by=actor.name, at=self._clock.now()
        )

    async def close_follow_up(self, follow_up_id: int, state: FollowUpState, actor: Actor) -> FollowUp:
        return await self._incidents.close_follow_up(follow_up_id, state, by=actor.name, at=self._clock.now())

    async def _advance(self, incident_id: int, verb: Verb, actor: Actor, via: How) -> Incident:
        return await self._incidents.advance(incident_id, verb, by=actor.name, via=via, at=self._clock.now())

    async def _with_groups(
        self, incident: Incident, verb: Literal["acknowledge", "resolve"], actor: Actor, via: Via
    ) -> None:
        """One that was resolved meanwhile is as wanted; any other one goes on paging, and that must be told."""
        for group_id in incident.groups:
            try:
                if verb == "acknowledge":
                    await self._groups.acknowledge(group_id, by=actor.name, via=via)
                else:
                    await self._groups.resolve(group_id, by=actor.name, via=via)
            except (Conflict, NotFound):
                continue
            except Refusal as refusal:
                raise Conflict(
                    f"incident {incident.id} is {incident.state}, but alert group {group_id} is not: {refusal.message}"
                ) from refusal


def _past(moment: datetime, name: str, now: datetime, earliest: datetime) -> datetime:
    if moment.tzinfo is None:
        raise Invalid(f"{name} must say its zone, as in 2025-04-08T15:25:00Z")
    if not earliest <= moment <= now:
        raise Invalid(f"{name} must be between {earliest:%Y-%m-%dT%H:%M:%SZ} and now")
    return moment


def _fact(entry: AnyEntry) -> AnyFact:
    match entry:
        case NoteEntry():
            return Noted(text=_prose(entry.text, "text"))
        case ArtefactEntry():
            name = text.line(entry.name, "name", most=LONGEST_TITLE)
            return ArtefactPasted(name=name, content=_prose(entry.content, "content"))
        case CommandEntry():
            outcome = _prose(entry.outcome, "outcome") if entry.outcome else ""
            return CommandRun(command=text.line(entry.command, "command", most=LONGEST_LINE), outcome=outcome)
        case DeploymentEntry():
            what = text.line(entry.what, "what", most=LONGEST_TITLE)
            return Deployed(what=what, version=text.line(entry.version, "version", most=100))
        case ConfirmationEntry():
            return Confirmed(text=text.line(entry.text, "text", most=LONGEST_LINE))


def _prose(value: str, name: str) -> str:
    """Several lines: control characters other than a line's end and a tab are refused."""
    lines = value.replace("\r\n", "\n").strip("\n")
    if not lines.strip():
        raise Invalid(f"{name} is required")
    if len(lines) > LONGEST_TEXT:
        raise Invalid(f"{name} must have at most {LONGEST_TEXT} characters")
    for line in lines.replace("\t", " ").split("\n"):
        if line.strip():
            text.line(line, name, most=LONGEST_TEXT)
    return lines
