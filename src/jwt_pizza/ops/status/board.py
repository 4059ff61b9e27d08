"""What the public sees: parts and their history, incidents and what was said of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.status.measuring import Part, State

Saying = Literal["investigating", "identified", "monitoring", "resolved"]
DAYS: Final = 90
SHOWN: Final = 20
"""Past incidents."""
LONGEST: Final = 4000


class Day(Wire, frozen=True):
    """Seconds in which it was up and down; requests that went well and badly."""

    day: date
    up: float
    down: float
    good: int
    bad: int

    @property
    def share(self) -> float | None:
        """Of the measured time in which it was up; None where nothing was measured."""
        measured = self.up + self.down
        return self.up / measured if measured else None


class PartStatus(Wire, frozen=True):
    """`days`: those with measurements, oldest first."""

    part: Part
    name: str
    state: State
    since: datetime | None
    days: tuple[Day, ...]

    @property
    def uptime(self) -> float | None:
        measured = sum(day.up + day.down for day in self.days)
        return sum(day.up for day in self.days) / measured if measured else None

    @property
    def served(self) -> float | None:
        """The share of requests that went well."""
        requests = sum(day.good + day.bad for day in self.days)
        return sum(day.good for day in self.days) / requests if requests else None

    def budget_left(self, objective: float) -> float | None:
        """The share of the failures that the objective allows which is not used up; at least 0."""
        if self.served is None:
            return None
        allowed = 1 - objective
        used = (1 - self.served) / allowed if allowed else float(self.served < 1)
        return max(0.0, 1 - used)


class Update(Wire, frozen=True):
    id: int
    at: datetime
    status: Saying
    text: str


class PublicIncident(Wire, frozen=True):
    """`updates`: newest first. `report`: the public edition, as HTML of ours; empty while none is published."""

    incident_id: int
    title: str
    components: tuple[Part, ...]
    status: Saying
    opened_at: datetime
    closed_at: datetime | None
    updates: tuple[Update, ...]
    report: str = ""


class Board(Wire, frozen=True):
    """`today`: of the last of the 90 days, UTC."""

    today: date
    parts: tuple[PartStatus, ...]
    incidents: tuple[PublicIncident, ...]
    """Newest first."""

    @property
    def open(self) -> Sequence[PublicIncident]:
        return [incident for incident in self.incidents if incident.closed_at is None]

    @property
    def past(self) -> Sequence[PublicIncident]:
        return [incident for incident in self.incidents if incident.closed_at is not None]

    @property
    def state(self) -> State:
        """The worst of all parts; an open incident is at least a degradation."""
        worst: Mapping[State, int] = {"operational": 0, "degraded": 1, "down": 2}
        states = [part.state for part in self.parts] + (["degraded"] if self.open else [])
        return max(states, key=lambda state: worst[state], default="operational")


class OpenIncident(Wire, frozen=True):
    """`closed_at` is null: it is the name that the whole answer has."""

    incident_id: int
    title: str
    status: Saying
    opened_at: datetime
    closed_at: None = None


class Summary(Wire, frozen=True):
    """What fits a banner. `orders`: whether they come through, as measured, before anybody has said so."""

    state: State
    orders: State
    incidents: tuple[OpenIncident, ...]
    """Open ones, newest first."""


def summary(board: Board) -> Summary:
    incidents = tuple(
        OpenIncident(
            incident_id=incident.incident_id,
            title=incident.title,
            status=incident.status,
            opened_at=incident.opened_at,
        )
        for incident in board.open
    )
    orders: State = next((part.state for part in board.parts if part.part == "orders"), "operational")
    return Summary(state=board.state, orders=orders, incidents=incidents)


class NewUpdate(Wire, frozen=True):
    """`title` and `components`: as the public reads them; the first update brings a title, later ones may change it."""

    status: Saying
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]
    title: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    components: Annotated[tuple[Part, ...], msgspec.Meta(max_length=10)] | None = None


class StatusBook(Protocol):
    """The port to what the public is told. Each change is one commit with its letters and the page's new version."""

    async def version(self) -> int: ...
    async def board(self, today: date) -> Board: ...
    async def incident(self, incident_id: int) -> PublicIncident | None: ...
    async def tell(self, incident_id: int, update: NewUpdate, *, by: str, at: datetime) -> PublicIncident:
        """Raises NotFound where there is no such incident, Invalid where the first update has no title."""
        ...


class Measurements(Protocol):
    """The port to what was measured."""

    async def measure(self, at: datetime, away: frozenset[str]) -> bool:
        """False: another process is at it, or was a moment ago."""
        ...
