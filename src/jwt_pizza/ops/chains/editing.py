"""A chain to begin with, and its steps put in, taken out and moved, so that each `go-to-step` still leads to the step
that it led to. Pure."""

from collections.abc import Callable, Sequence

import msgspec

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.chains.model import AnyStep, GoToStep, NotifyOnCall, NotifyTeam, Wait

Steps = tuple[AnyStep, ...]


def usual(schedule_id: int, team_id: int) -> Steps:
    """The incident's: on call, again as important, the team, five minutes apart, and so on without end."""
    return (
        NotifyOnCall(schedule_id=schedule_id),
        Wait(seconds=300),
        NotifyOnCall(schedule_id=schedule_id, importance="important"),
        Wait(seconds=300),
        NotifyTeam(team_id=team_id, importance="important"),
        Wait(seconds=300),
        GoToStep(step=0),
    )


def inserted(steps: Sequence[AnyStep], step: AnyStep, place: int) -> Steps:
    """`place` is the one that the new step gets. What led to the step there leads to it still, one further on. Where
    the new step leads is meant as people saw the chain: before it was put in."""
    _within(place, len(steps) + 1)
    moved = [_leads(each, lambda to: to + (to >= place)) for each in (*steps, step)]
    return (*moved[:place], moved[-1], *moved[place:-1])


def replaced(steps: Sequence[AnyStep], step: AnyStep, place: int) -> Steps:
    _within(place, len(steps))
    return (*steps[:place], step, *steps[place + 1 :])


def removed(steps: Sequence[AnyStep], place: int) -> Steps:
    """What led to it leads to the one that follows; at the end, to the one before."""
    _within(place, len(steps))
    last = max(len(steps) - 2, 0)
    left = (*steps[:place], *steps[place + 1 :])
    return tuple(_leads(each, lambda to: min(to - (to > place), last)) for each in left)


def raised(steps: Sequence[AnyStep], place: int) -> Steps:
    """It and the one before it change places."""
    _within(place, len(steps))
    if place == 0:
        raise Invalid("this is the first step already")
    swap = {place: place - 1, place - 1: place}
    order = [*steps[: place - 1], steps[place], steps[place - 1], *steps[place + 1 :]]
    return tuple(_leads(each, lambda to: swap.get(to, to)) for each in order)


def _leads(step: AnyStep, to: Callable[[int], int]) -> AnyStep:
    return msgspec.structs.replace(step, step=to(step.step)) if isinstance(step, GoToStep) else step


def _within(place: int, count: int) -> None:
    if not 0 <= place < count:
        raise Invalid("this step is gone already: reload the page")
