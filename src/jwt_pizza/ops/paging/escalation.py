"""What an escalation does now, and when it goes on. Nothing here knows a clock or a database.

A group's place in its chain is the step that is next and, in `visits`, what happened on the way:
`page` pages so far, `of` the generation that this is about, `forward` steps that were taken early because nobody was
reached, and for each go-to-step its number and how often it went back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, assert_never

import msgspec

from jwt_pizza.kernel import wallclock
from jwt_pizza.ops.chains.model import (
    AnyStep,
    CallWebhook,
    DeclareIncident,
    GoToStep,
    NotifyNext,
    NotifyOnCall,
    NotifyPeople,
    NotifyTeam,
    OnlyBetween,
    OnlyIfAlerts,
    ResolveGroup,
    Wait,
)
from jwt_pizza.ops.people.model import Contact, Importance, Reachable, Roster

SHORTEST_LOOP: Final = timedelta(minutes=1)
"""A chain that goes back without waiting waits that long."""
AGAIN: Final = timedelta(minutes=30)
"""A chain that is at its end, while nobody has acknowledged, begins again after that long."""
_LATE: Final = timedelta(seconds=30)
"""A step that comes later than that, after an outage, moves those after it; others do not."""
_LOOK_AGAIN: Final = timedelta(seconds=10)
"""How often `only-if-alerts` counts."""
_TRY_AGAIN: Final = timedelta(seconds=5)
"""After a step that somebody else carries out, in case this process is killed before it has asked for it."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    step: int
    visits: dict[str, int]
    generation: int
    due_at: datetime


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps look at. `turns`: of each notify-next step, how often it was taken. `fired_at`: of its alerts."""

    roster: Roster
    on_call: Mapping[int, Sequence[int]]
    team_id: int | None
    turns: Mapping[int, int]
    fired_at: Sequence[datetime] = ()


class Delivery(msgspec.Struct, frozen=True):
    """One notification: to this contact, so many seconds after the page."""

    person_id: int
    contact: Contact
    delay: float


class Page(msgspec.Struct, frozen=True):
    """What one step sends: to people, or to a webhook. `page` counts the group's pages from 1."""

    page: int
    deliveries: tuple[Delivery, ...] = ()
    webhook: str | None = None

    @property
    def people(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(delivery.person_id for delivery in self.deliveries))


class Taken(msgspec.Struct, frozen=True):
    """A step that was executed. `nobody`: why those that it names could not be paged."""

    step: int
    about: str
    page: Page | None = None
    nobody: str | None = None


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """`resolve`: the group is to be resolved, and the step comes again until it is."""

    steps: tuple[Taken, ...]
    step: int
    visits: dict[str, int]
    next_at: datetime
    turns: dict[int, int]
    incident: bool = False
    resolve: bool = False


def advance(chain: Sequence[AnyStep], place: Position, around: Surroundings, now: datetime) -> Advance:
    """Takes steps until one must wait. A chain cannot spin: no step is taken twice in one go."""
    walk = _Walk(chain, place, around, now)
    while walk.next_at is None:
        walk.take()
    return Advance(
        steps=tuple(walk.taken),
        step=walk.step,
        visits=walk.visits,
        next_at=walk.next_at,
        turns=walk.turns,
        incident=walk.incident,
        resolve=walk.resolve,
    )


class _Walk:
    def __init__(self, chain: Sequence[AnyStep], place: Position, around: Surroundings, now: datetime) -> None:
        self.step = place.step if place.step <= len(chain) else 0
        self.visits = _visits(place)
        self.next_at: datetime | None = None
        self.turns: dict[int, int] = {}
        self.taken: list[Taken] = []
        self.incident = self.resolve = False
        self._chain = chain
        self._around = around
        self._now = now
        self._began = place.due_at if now - place.due_at <= _LATE else now
        self._seen: set[int] = set()

    def take(self) -> None:
        if self.step >= len(self._chain):
            self.visits = {name: count for name, count in self.visits.items() if not name.isdecimal()}
            self._rest(0, self._began + AGAIN)
            return
        if self.step in self._seen:
            self._rest(self.step, self._began + SHORTEST_LOOP)
            return
        self._seen.add(self.step)
        self._take(self._chain[self.step])

    def _take(self, step: AnyStep) -> None:
        match step:
            case NotifyPeople() | NotifyNext() | NotifyTeam() | NotifyOnCall():
                self._page(step)
            case CallWebhook():
                self._done("a webhook is called", Page(self._next_page(), webhook=step.url))
            case GoToStep():
                self._go_to(step)
            case DeclareIncident():
                self.incident = True
                self._done("an incident is declared")
            case Wait():
                self._rest(self.step + 1, self._began + timedelta(seconds=step.seconds))
            case ResolveGroup():
                self.resolve = True
                self._rest(self.step, self._now + _TRY_AGAIN)
            case OnlyBetween():
                self._go_on_at(_opens(step, self._now))
            case OnlyIfAlerts():
                self._go_on_at(self._now if self._enough(step) else self._now + _LOOK_AGAIN)
            case _:
                assert_never(step)

    def _go_on_at(self, at: datetime) -> None:
        if at > self._now:
            self._rest(self.step, at)
        else:
            self.step += 1

    def _enough(self, step: OnlyIfAlerts) -> bool:
        since = self._now - timedelta(seconds=step.seconds)
        return sum(at > since for at in self._around.fired_at) >= step.count

    def _rest(self, step: int, until: datetime) -> None:
        self.step, self.next_at = step, until

    def _done(self, about: str, page: Page | None = None, nobody: str | None = None) -> None:
        self.taken.append(Taken(self.step, about, page, nobody))
        self.step += 1

    def _next_page(self) -> int:
        self.visits["page"] = self.visits.get("page", 0) + 1
        return self.visits["page"]

    def _go_to(self, step: GoToStep) -> None:
        key = str(self.step)
        times = self.visits.get(key, 0)
        if step.times is not None and times >= step.times:
            self.step += 1
        else:
            self.visits[key] = times + 1
            self.step = step.step

    def _page(self, step: NotifyPeople | NotifyNext | NotifyTeam | NotifyOnCall) -> None:
        people, about = self._named(step)
        deliveries = reach(self._around.roster, people, step.importance)
        nobody = None
        if not deliveries:
            nobody = _why_nobody(step, people)
            deliveries = catch_all(self._around.roster, self._around.team_id, step.importance)
        self._done(about, Page(self._next_page(), deliveries), nobody)

    def _named(self, step: NotifyPeople | NotifyNext | NotifyTeam | NotifyOnCall) -> tuple[Sequence[int], str]:
        match step:
            case NotifyPeople():
                return step.person_ids, "people are paged"
            case NotifyNext():
                return self._whose_turn(step), "whose turn it is is paged"
            case NotifyTeam():
                team = self._around.roster.teams.get(step.team_id)
                return (team.members if team else ()), "the team is paged"
            case NotifyOnCall():
                return self._around.on_call.get(step.schedule_id, ()), "who is on call is paged"

    def _whose_turn(self, step: NotifyNext) -> Sequence[int]:
        """The next one who can be reached."""
        turn = self._around.turns.get(self.step, 0)
        for ahead in range(len(step.person_ids)):
            person_id = step.person_ids[(turn + ahead) % len(step.person_ids)]
            if reach(self._around.roster, (person_id,), step.importance):
                self.turns[self.step] = turn + ahead + 1
                return (person_id,)
        return ()


def _why_nobody(step: NotifyPeople | NotifyNext | NotifyTeam | NotifyOnCall, people: Sequence[int]) -> str:
    match step:
        case NotifyOnCall() if not people:
            return "nobody is on call"
        case NotifyTeam() if not people:
            return "nobody is in the team"
        case _:
            return "none of them can be reached"


def reach(roster: Roster, people: Sequence[int], importance: Importance) -> tuple[Delivery, ...]:
    """By the rules of each; whoever has no rule that works is reached by the first contact that does."""
    found: list[Delivery] = []
    for person_id in dict.fromkeys(people):
        someone = roster.people.get(person_id)
        if someone is not None:
            found.extend(_deliveries(someone, importance))
    return tuple(found)


def catch_all(roster: Roster, team_id: int | None, importance: Importance) -> tuple[Delivery, ...]:
    """The team; when none of it can be reached, everybody who can."""
    team = roster.teams.get(team_id) if team_id is not None else None
    return reach(roster, team.members if team else (), importance) or reach(roster, tuple(roster.people), importance)


def next_contact(someone: Reachable, tried: frozenset[int]) -> Contact | None:
    """How else they can be reached, when what was tried did not arrive."""
    return next((contact for contact in someone.contacts if contact.usable and contact.id not in tried), None)


def _deliveries(someone: Reachable, importance: Importance) -> list[Delivery]:
    usable = {contact.id: contact for contact in someone.contacts if contact.usable}
    rules = someone.important if importance == "important" else someone.default
    person_id = someone.person.id
    found = [Delivery(person_id, usable[rule.contact_id], rule.delay) for rule in rules if rule.contact_id in usable]
    if not found and usable:
        return [Delivery(person_id, next(iter(usable.values())), 0.0)]
    return found


def _visits(place: Position) -> dict[str, int]:
    """What happened on the way, unless the escalation has begun anew since."""
    if place.step == 0 and place.visits.get("of") != place.generation:
        return {"of": place.generation}
    return {**place.visits, "of": place.generation}


def _opens(step: OnlyBetween, now: datetime) -> datetime:
    window = wallclock.window_of(step.starts, step.ends, step.weekdays)
    return wallclock.next_open(window, wallclock.zone_of(step.time_zone), now)
