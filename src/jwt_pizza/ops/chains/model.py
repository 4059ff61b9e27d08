"""Escalation chains: what is done, one step after the other, until somebody acknowledges."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol, TypeAlias

import msgspec

from jwt_pizza.kernel.wire import Id, Wire
from jwt_pizza.ops.people.model import Importance

_Seconds = Annotated[float, msgspec.Meta(ge=0, le=604_800)]
_Clock = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Step(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", rename="camel", forbid_unknown_fields=True):
    """The base of all steps."""


class Wait(Step, frozen=True, tag="wait"):
    seconds: _Seconds = 300.0


class NotifyPeople(Step, frozen=True, tag="notify-people"):
    person_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=100)]
    importance: Importance = "default"


class NotifyNext(Step, frozen=True, tag="notify-next"):
    """One of them, each time the next one, over all alert groups."""

    person_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=100)]
    importance: Importance = "default"


class NotifyTeam(Step, frozen=True, tag="notify-team"):
    team_id: Id
    importance: Importance = "default"


class NotifyOnCall(Step, frozen=True, tag="notify-on-call"):
    schedule_id: Id
    importance: Importance = "default"


class CallWebhook(Step, frozen=True, tag="webhook"):
    url: Annotated[str, msgspec.Meta(min_length=8, max_length=2000, pattern=r"^https?://")]


class OnlyBetween(Step, frozen=True, tag="only-between"):
    """Waits until the wall clock of that zone is within the window. `weekdays`: 0 is Monday."""

    starts: _Clock
    ends: _Clock
    time_zone: str = "UTC"
    weekdays: tuple[Annotated[int, msgspec.Meta(ge=0, le=6)], ...] = (0, 1, 2, 3, 4, 5, 6)


class OnlyIfAlerts(Step, frozen=True, tag="only-if-alerts"):
    """Goes on only if at least `count` alerts of the group fired within the last `seconds`; otherwise waits for it."""

    count: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    seconds: _Seconds


class GoToStep(Step, frozen=True, tag="go-to-step"):
    """`step` counts from 0. `times` None: without limit."""

    step: Annotated[int, msgspec.Meta(ge=0, le=99)]
    times: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None


class DeclareIncident(Step, frozen=True, tag="declare-incident"):
    pass


class ResolveGroup(Step, frozen=True, tag="resolve"):
    pass


AnyStep: TypeAlias = (
    Wait
    | NotifyPeople
    | NotifyNext
    | NotifyTeam
    | NotifyOnCall
    | CallWebhook
    | OnlyBetween
    | OnlyIfAlerts
    | GoToStep
    | DeclareIncident
    | ResolveGroup
)
Steps: TypeAlias = Annotated[tuple[AnyStep, ...], msgspec.Meta(min_length=1, max_length=100)]


class Chain(Wire, frozen=True):
    id: int
    team_id: int
    name: str
    steps: tuple[AnyStep, ...]


class Draft(Wire, frozen=True, forbid_unknown_fields=True):
    """A chain as somebody wants it."""

    team_id: Id
    name: str
    steps: Steps


class Naming(msgspec.Struct, frozen=True):
    """What exists of what a chain's steps may name."""

    teams: frozenset[int]
    people: frozenset[int]
    schedules: frozenset[int]


class Chains(Protocol):
    """The port to stored chains. Each change is one commit with its event; `by` is who makes it."""

    async def all(self) -> Sequence[Chain]: ...
    async def get(self, chain_id: int) -> Chain:
        """Raises NotFound."""
        ...

    async def naming(self) -> Naming: ...
    async def add(self, draft: Draft, *, by: str, at: datetime) -> Chain:
        """Raises Conflict when the name is taken."""
        ...

    async def change(self, chain_id: int, draft: Draft, *, by: str, at: datetime) -> Chain:
        """Groups whose escalation has begun keep the steps that they began with. Raises NotFound, Conflict."""
        ...

    async def remove(self, chain_id: int, *, by: str, at: datetime) -> None:
        """Raises NotFound, and Conflict while a route leads to it."""
        ...
