"""Setting up escalation chains: what is refused, and what to change about it."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from jwt_pizza.kernel import text, wallclock
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Forbidden, Invalid, Refusal
from jwt_pizza.ops.chains.model import (
    AnyStep,
    CallWebhook,
    Chain,
    Chains,
    Draft,
    GoToStep,
    Naming,
    NotifyNext,
    NotifyOnCall,
    NotifyPeople,
    NotifyTeam,
    OnlyBetween,
    ResolveGroup,
    Wait,
)
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import Person

PAGES: Final = (NotifyPeople, NotifyNext, NotifyTeam, NotifyOnCall)
"""The kinds of steps that page somebody."""


class ChainDesk:
    def __init__(self, chains: Chains, clock: Clock) -> None:
        self._chains = chains
        self._clock = clock

    async def all(self) -> Sequence[Chain]:
        return await self._chains.all()

    async def get(self, chain_id: int) -> Chain:
        return await self._chains.get(chain_id)

    async def add(self, caller: Person, draft: Draft) -> Chain:
        checked = await self._checked(caller, draft)
        return await self._chains.add(checked, by=actor_of(caller.id), at=self._clock.now())

    async def change(self, caller: Person, chain_id: int, draft: Draft) -> Chain:
        checked = await self._checked(caller, draft)
        return await self._chains.change(chain_id, checked, by=actor_of(caller.id), at=self._clock.now())

    async def remove(self, caller: Person, chain_id: int) -> None:
        _only_managers(caller)
        await self._chains.remove(chain_id, by=actor_of(caller.id), at=self._clock.now())

    async def _checked(self, caller: Person, draft: Draft) -> Draft:
        _only_managers(caller)
        problem = next(problems(draft, await self._chains.naming()), None)
        if problem is not None:
            raise Invalid(problem)
        return msgspec.structs.replace(draft, name=text.line(draft.name, "name", most=100))


def problems(draft: Draft, naming: Naming) -> Iterator[str]:
    """What is wrong with a chain, each with what to change. Steps are counted from 0, as `go-to-step` does."""
    if draft.team_id not in naming.teams:
        yield f"teamId: there is no team {draft.team_id}"
    for number, step in enumerate(draft.steps):
        problem = _problem(step, number, len(draft.steps), naming)
        if problem is not None:
            yield f"step {number}: {problem}"
    if not any(isinstance(step, PAGES) for step in draft.steps):
        yield "steps: none of them notifies anybody, add a notify step"
    yield from _loops(draft.steps)


def _problem(step: AnyStep, number: int, count: int, naming: Naming) -> str | None:
    match step:
        case NotifyPeople() | NotifyNext():
            unknown = sorted(set(step.person_ids) - naming.people)
            return f"there is no person {unknown[0]}" if unknown else None
        case NotifyTeam():
            return None if step.team_id in naming.teams else f"there is no team {step.team_id}"
        case NotifyOnCall():
            return None if step.schedule_id in naming.schedules else f"there is no schedule {step.schedule_id}"
        case GoToStep():
            return None if step.step < count else f"there is no step {step.step}, the last one is {count - 1}"
        case OnlyBetween():
            try:
                wallclock.zone_of(step.time_zone)
                wallclock.window_of(step.starts, step.ends, step.weekdays)
            except Refusal as refusal:
                return refusal.message
            return None
        case CallWebhook():
            return (
                None if step.url.isascii() and step.url.isprintable() and " " not in step.url else "the url is no URL"
            )
        case ResolveGroup():
            return None if number == count - 1 else "nothing can come after resolve, make it the last step"
        case _:
            return None


def _loops(steps: Sequence[AnyStep]) -> Iterator[str]:
    """A loop must pass a wait of its own: the engine would put a minute into it, and nobody would know why."""
    for number, step in enumerate(steps):
        if isinstance(step, GoToStep) and step.step <= number:
            loop = steps[step.step : number + 1]
            if not any(isinstance(inside, Wait) and inside.seconds > 0 for inside in loop):
                yield f"step {number}: it goes back to step {step.step} without waiting, add a wait between them"


def _only_managers(caller: Person) -> None:
    if not caller.manages:
        raise Forbidden("only a manager may change escalation chains")
