"""Carries escalations on: what is due is decided, and queued in the same commit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.ops.chains.model import AnyStep
from jwt_pizza.ops.events.model import SYSTEM, Event, IncidentDeclared, NobodyPaged, StepTaken
from jwt_pizza.ops.paging.escalation import (
    Advance,
    Page,
    Position,
    Surroundings,
    Taken,
    advance,
    catch_all,
    reach,
)
from jwt_pizza.ops.paging.model import Acknowledged, Due, Escalations, GroupDesk, Move, Moves, Queued
from jwt_pizza.ops.people.model import People, Roster
from jwt_pizza.ops.schedules.model import OnCall

BATCH: Final = 100
"""Groups in one commit."""
_AFTER_A_DEFECT: Final = timedelta(minutes=1)
_decode: Final = msgspec.json.Decoder(tuple[AnyStep, ...]).decode


class Escalator:
    def __init__(
        self,
        escalations: Escalations,
        people: People,
        schedules: OnCall,
        desk: GroupDesk,
        clock: Clock,
        *,
        queued: Callable[[], None] = lambda: None,
        failed: Callable[[int, Exception], None] = lambda _group, _error: None,
    ) -> None:
        """`queued` is called when there is something to send, `failed` with a group whose chain cannot be followed."""
        self._escalations = escalations
        self._people = people
        self._schedules = schedules
        self._desk = desk
        self._clock = clock
        self._queued = queued
        self._failed = failed

    async def step(self) -> int:
        """Everything that is due now; how many groups that were."""
        count = 0
        now = self._clock.now()
        if await self._escalations.any_due(now):
            roster = await self._people.roster()
            on_call = await self._schedules.all_on_call(now)
            while moves := await self._escalations.advance(now, BATCH, self._decide(roster, on_call, now)):
                count += len(moves)
                self._queued()
                await self._resolve(moves)
                if len(moves) < BATCH:
                    break
        return count

    async def remind(self) -> None:
        """Those who acknowledged what still fires, if its route says so."""
        roster = await self._people.roster()
        now = self._clock.now()
        if await self._escalations.remind(now, BATCH, lambda group: _reminders(group, roster, now)):
            self._queued()

    async def _resolve(self, moves: Sequence[Move]) -> None:
        for move in moves:
            if move.resolve:
                await self._desk.resolve(move.group_id, by=SYSTEM, via="chain")

    def _decide(
        self, roster: Roster, on_call: Mapping[int, Sequence[int]], now: datetime
    ) -> Callable[[Sequence[Due], Mapping[int, Mapping[int, int]]], Moves]:
        def decide(due: Sequence[Due], turns: Mapping[int, Mapping[int, int]]) -> Moves:
            taken = {chain_id: dict(of) for chain_id, of in turns.items()}
            moves = []
            for group in due:
                of_chain = taken.setdefault(group.chain_id, {}) if group.chain_id is not None else {}
                around = Surroundings(
                    roster=roster,
                    on_call=on_call,
                    team_id=group.team_id,
                    turns=of_chain,
                    fired_at=group.fired_at,
                )
                made = self._advance(group, around, now)
                of_chain.update(made.turns)
                moves.append(move_of(group, made, now))
            return Moves(moves, taken)

        return decide

    def _advance(self, group: Due, around: Surroundings, now: datetime) -> Advance:
        place = Position(step=group.step, visits=group.visits, generation=group.generation, due_at=group.due_at)
        try:
            return advance(_decode(group.chain), place, around, now)
        except Exception as error:  # noqa: BLE001 - a chain that cannot be followed must not mean silence
            self._failed(group.id, error)
            page = Page(group.visits.get("page", 0) + 1, catch_all(around.roster, group.team_id, "important"))
            taken = Taken(group.step, "the chain cannot be followed", page, "the chain cannot be followed")
            visits = {**group.visits, "page": page.page, "of": group.generation}
            next_at = now + _AFTER_A_DEFECT
            return Advance(steps=(taken,), step=group.step, visits=visits, next_at=next_at, turns={})


def move_of(group: Due, made: Advance, now: datetime) -> Move:
    pages = [taken.page for taken in made.steps if taken.page is not None]
    return Move(
        group_id=group.id,
        step=made.step,
        visits=made.visits,
        next_at=made.next_at,
        notifications=tuple(queued for page in pages for queued in _queued(group, page, now)),
        events=tuple(_events(group, made, now)),
        resolve=made.resolve,
    )


def _queued(group: Due, page: Page, now: datetime) -> Iterator[Queued]:
    place = f"{group.id}:{group.generation}:{page.page}"
    if page.webhook is not None:
        yield Queued(
            key=f"{place}:webhook",
            kind="webhook",
            channel="webhook",
            address=page.webhook,
            created_at=now,
            send_at=now,
            group_id=group.id,
            generation=group.generation,
            page=page.page,
        )
    for number, delivery in enumerate(page.deliveries):
        yield Queued(
            key=f"{place}:{delivery.person_id}:{number}",
            kind="page",
            channel=delivery.contact.channel,
            address=delivery.contact.address,
            created_at=now,
            send_at=now + timedelta(seconds=delivery.delay),
            group_id=group.id,
            generation=group.generation,
            page=page.page,
            person_id=delivery.person_id,
            contact_id=delivery.contact.id,
        )


def _reminders(group: Acknowledged, roster: Roster, now: datetime) -> Sequence[Queued]:
    kind, _, number = (group.acknowledged_by or "").partition(":")
    people = (int(number),) if kind == "person" and number.isdecimal() else ()
    return [
        Queued(
            key=f"{group.id}:{group.generation}:reminder:{group.remind_at.isoformat()}:{number}",
            kind="reminder",
            channel=delivery.contact.channel,
            address=delivery.contact.address,
            created_at=now,
            send_at=now,
            group_id=group.id,
            generation=group.generation,
            person_id=delivery.person_id,
            contact_id=delivery.contact.id,
        )
        for delivery in reach(roster, people, "default")
        if delivery.delay == 0
    ]


def _events(group: Due, made: Advance, now: datetime) -> Iterator[Event]:
    for taken in made.steps:
        people = taken.page.people if taken.page is not None else ()
        yield Event(at=now, group_id=group.id, fact=StepTaken(step=taken.step, about=taken.about, paged=people))
        if taken.nobody is not None:
            others = f"{len(people)} other{'' if len(people) == 1 else 's'}"
            stands_in = f"so {others} {'was' if len(people) == 1 else 'were'} paged" if people else "nor anybody else"
            fact = NobodyPaged(step=taken.step, reason=f"{taken.nobody}, {stands_in}")
            yield Event(at=now, group_id=group.id, fact=fact)
    if made.incident:
        yield Event(at=now, group_id=group.id, fact=IncidentDeclared(title=group.title, severity=group.severity))
