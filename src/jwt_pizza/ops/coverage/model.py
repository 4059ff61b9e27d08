"""Whether somebody would be paged, at any moment of the coming days: found before the night in which it matters."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.chains.model import (
    Chain,
    GoToStep,
    NotifyNext,
    NotifyOnCall,
    NotifyPeople,
    NotifyTeam,
    ResolveGroup,
    Step,
)
from jwt_pizza.ops.people.model import Contact, Importance, Reachable, Roster
from jwt_pizza.ops.schedules.lineup import final, gaps
from jwt_pizza.ops.schedules.model import Schedule
from jwt_pizza.ops.schedules.rotation import Shift, Span, merged

Kind = Literal[
    "schedule-gap",
    "calendar-unread",
    "calendar-unknown",
    "person-unreachable",
    "rules-unreachable",
    "rule-dead",
    "chain-gap",
    "chain-names-gone",
    "route-without-chain",
    "no-route",
]
Severity = Literal["problem", "warning"]


class Finding(Wire, frozen=True):
    """`problem`: somebody who should be paged would not be. `warning`: it may be meant so, or holds by a thread."""

    kind: Kind
    severity: Severity
    about: str
    message: str
    starts: str | None = None
    ends: str | None = None


class Report(Wire, frozen=True):
    """`covered`: there is no problem."""

    since: str
    until: str
    covered: bool
    findings: tuple[Finding, ...]


class Route(msgspec.Struct, frozen=True):
    """`chain_gone`: it names a chain that was removed."""

    name: str
    chain_id: int | None
    chain_gone: bool


class Plans(msgspec.Struct, frozen=True):
    chains: tuple[Chain, ...]
    routes: tuple[Route, ...]


class PlanBook(Protocol):
    async def plans(self) -> Plans: ...


class Survey:
    """One look at everything. `schedules` by id."""

    def __init__(
        self, roster: Roster, schedules: Mapping[int, Schedule], plans: Plans, since: datetime, until: datetime
    ) -> None:
        self._roster = roster
        self._schedules = schedules
        self._plans = plans
        self._since = since
        self._until = until
        self._shifts = {key: final(schedule.lineup, since, until) for key, schedule in schedules.items()}

    def report(self) -> Report:
        """Problems first."""
        found = [*self._of_chains(), *self._of_schedules(), *self._of_routes(), *self._of_people()]
        found.sort(key=lambda finding: finding.severity)
        covered = not any(finding.severity == "problem" for finding in found)
        return Report(since=iso(self._since), until=iso(self._until), covered=covered, findings=tuple(found))

    def _of_schedules(self) -> Iterator[Finding]:
        for schedule in self._schedules.values():
            about = f"schedule {schedule.name}"
            for span in gaps(schedule.lineup, self._since, self._until):
                yield _during("schedule-gap", about, "nobody is on call", span)
            if schedule.calendar_error is not None:
                read = f"last read {iso(schedule.calendar_read_at)}" if schedule.calendar_read_at else "never read"
                yield _warning("calendar-unread", about, f"its calendar: {schedule.calendar_error} ({read})")
            if schedule.unknown:
                titles = ", ".join(schedule.unknown[:10])
                yield _warning("calendar-unknown", about, f"its calendar names nobody of the roster in: {titles}")

    def _of_people(self) -> Iterator[Finding]:
        counted = self._counted_on()
        for person_id, reachable in self._roster.people.items():
            if reachable.person.operates:
                continue
            name = f"person {reachable.person.name}"
            severity: Severity = "problem" if person_id in counted else "warning"
            if not any(contact.usable for contact in reachable.contacts):
                yield Finding(kind="person-unreachable", severity=severity, about=name, message=_why(reachable))
                continue
            for importance in sorted(counted.get(person_id, {"default", "important"})):
                if not reaches(reachable, importance):
                    text = f"no {importance} rule uses a contact that reaches them"
                    yield Finding(kind="rules-unreachable", severity=severity, about=name, message=text)
            yield from _dead_rules(name, reachable)

    def _of_chains(self) -> Iterator[Finding]:
        for chain in self._plans.chains:
            about = f"chain {chain.name}"
            reached = list(_steps(chain.steps))
            for step in reached:
                for gone in self._gone(step):
                    message = f"it names {gone}, which was removed"
                    yield Finding(kind="chain-names-gone", severity="problem", about=about, message=message)
            covered = merged([span for step in reached for span in self._covers(step)])
            for span in _complement(covered, self._since, self._until):
                yield _during("chain-gap", about, "it reaches nobody", span)

    def _of_routes(self) -> Iterator[Finding]:
        if all(route.chain_id is None for route in self._plans.routes):
            message = "no route has a chain: no alert pages anybody"
            yield Finding(kind="no-route", severity="problem", about="routes", message=message)
        for route in self._plans.routes:
            about = f"route {route.name}"
            if route.chain_gone:
                message = "its chain was removed: its alerts page nobody"
                yield Finding(kind="route-without-chain", severity="problem", about=about, message=message)
            elif route.chain_id is None:
                yield _warning("route-without-chain", about, "it has no chain: its alerts page nobody")

    def _counted_on(self) -> dict[int, set[Importance]]:
        """Whom a chain pages within the time, and how important."""
        found: dict[int, set[Importance]] = {}
        for chain in self._plans.chains:
            for step in _steps(chain.steps):
                for person_id in self._pages(step):
                    found.setdefault(person_id, set()).add(_importance(step))
        return found

    def _pages(self, step: Step) -> set[int]:
        match step:
            case NotifyPeople() | NotifyNext():
                return set(step.person_ids)
            case NotifyTeam():
                team = self._roster.teams.get(step.team_id)
                return set(team.members) if team else set()
            case NotifyOnCall():
                return {shift.person_id for shift in self._shifts.get(step.schedule_id, ())}
        return set()

    def _covers(self, step: Step) -> list[Span]:
        """When this step reaches somebody."""
        importance = _importance(step)
        match step:
            case NotifyOnCall():
                shifts: Sequence[Shift] = self._shifts.get(step.schedule_id, ())
                return [(shift.starts, shift.ends) for shift in shifts if self._reached(shift.person_id, importance)]
            case NotifyNext():
                # Each time another one: one who cannot be reached is a time when nobody is.
                reached = all(self._reached(person_id, importance) for person_id in step.person_ids)
            case _:
                reached = any(self._reached(person_id, importance) for person_id in self._pages(step))
        return [(self._since, self._until)] if reached else []

    def _reached(self, person_id: int, importance: Importance) -> bool:
        reachable = self._roster.people.get(person_id)
        return reachable is not None and reaches(reachable, importance)

    def _gone(self, step: Step) -> Iterator[str]:
        match step:
            case NotifyPeople() | NotifyNext():
                for person_id in step.person_ids:
                    if person_id not in self._roster.people:
                        yield f"person {person_id}"
            case NotifyTeam() if step.team_id not in self._roster.teams:
                yield f"team {step.team_id}"
            case NotifyOnCall() if step.schedule_id not in self._schedules:
                yield f"schedule {step.schedule_id}"


def reaches(reachable: Reachable, importance: Importance) -> bool:
    """Whether a rule of that importance uses a contact that can be used."""
    usable = {contact.id for contact in reachable.contacts if contact.usable}
    rules = reachable.default if importance == "default" else reachable.important
    return any(rule.contact_id in usable for rule in rules)


def _steps(steps: Sequence[Step]) -> Iterator[Step]:
    """Those that a chain comes to: what stands after a jump without limit is never reached."""
    seen: set[int] = set()
    waiting = [0]
    while waiting:
        place = waiting.pop()
        if place in seen or place >= len(steps):
            continue
        seen.add(place)
        step = steps[place]
        if isinstance(step, GoToStep):
            waiting.append(step.step)
        if not isinstance(step, ResolveGroup) and not (isinstance(step, GoToStep) and step.times is None):
            waiting.append(place + 1)
    return (steps[place] for place in sorted(seen))


def _importance(step: Step) -> Importance:
    if isinstance(step, NotifyPeople | NotifyNext | NotifyTeam | NotifyOnCall):
        return step.importance
    return "default"


def _complement(covered: Sequence[Span], since: datetime, until: datetime) -> Iterator[Span]:
    reached = since
    for starts, ends in covered:
        if starts > reached:
            yield reached, min(starts, until)
        reached = max(reached, ends)
    if reached < until:
        yield reached, until


def _why(reachable: Reachable) -> str:
    if not reachable.contacts:
        return "they have no contact"
    if any(contact.verified for contact in reachable.contacts):
        return "they have opted out of every contact that is verified"
    return "none of their contacts is verified"


def _dead_rules(name: str, reachable: Reachable) -> Iterator[Finding]:
    contacts = {contact.id: contact for contact in reachable.contacts}
    used = dict.fromkeys(rule.contact_id for rule in (*reachable.default, *reachable.important))
    for contact_id in used:
        contact = contacts.get(contact_id)
        if contact is None or not contact.usable:
            yield _warning("rule-dead", name, f"a rule uses {_dead(contact)}")


def _dead(contact: Contact | None) -> str:
    if contact is None:
        return "a contact that was removed"
    why = "has opted out" if contact.opted_out else "is not verified"
    return f"their {contact.channel} contact {contact.id}, which {why}"


def _warning(kind: Kind, about: str, message: str) -> Finding:
    return Finding(kind=kind, severity="warning", about=about, message=message)


def _during(kind: Kind, about: str, message: str, span: Span) -> Finding:
    starts, ends = span
    return Finding(kind=kind, severity="problem", about=about, message=message, starts=iso(starts), ends=iso(ends))
