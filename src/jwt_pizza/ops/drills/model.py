"""Drills that people start in the console: each is played by a process of its own, in a system of its own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.drills.said import Line, Offer, Result

Way = Literal["both", "as-it-was", "as-built"]
Manner = Literal["virtual", "live", "played"]
"""`virtual`: minutes in seconds; `live`: on real processes; `played`: live, and people do what is to be done."""
State = Literal["waiting", "running", "done", "failed", "stopped"]

WAYS: Final[Mapping[Way, str]] = {"both": "both, to compare", "as-it-was": "as it was", "as-built": "as built"}
MANNERS: Final[Mapping[Manner, str]] = {
    "virtual": "in seconds, under a virtual clock",
    "live": "live, ten times as fast",
    "played": "live: I am on call",
}
KEYS: Final[Mapping[str, str]] = {
    "a": "Acknowledge what fires",
    "p": "Follow the report link",
    "s": "Stop every attack",
    "r": "Resolve what fires",
    "m": "Make amends",
    "q": "End the drill",
}
"""What is typed at a played drill, as at the terminal (drill/game.py)."""
TEXTS: Final[Mapping[str, str]] = {"n": "Note", "c": "Confirmation"}
LONGEST_SOURCE: Final = 64 * 1024
_LONGEST_TEXT: Final = 500


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`source`: TOML of a scenario that is not shipped (docs/drills.md), then `scenario` is what it is called."""

    scenario: str
    source: str | None = None
    way: Way = "both"
    manner: Manner = "virtual"


class Entry(msgspec.Struct, frozen=True):
    """A line of a drill's log; `by`: who typed it."""

    at: datetime
    text: str
    by: str | None = None


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """`shop` and `console`: addresses of a live drill's system while it runs. `problem`: why there is no result."""

    id: int
    plan: Plan
    state: State
    asked_by: str
    asked_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    shop: str | None = None
    console: str | None = None
    problem: str = ""
    result: Result | None = None

    @property
    def over(self) -> bool:
        return self.state in {"done", "failed", "stopped"}


class Orders(msgspec.Struct, frozen=True):
    """What people want of a running drill."""

    stop: bool
    typed: tuple[str, ...]


class Drills(Protocol):
    """The port to what is stored. A change and its event are one commit."""

    async def add(self, plan: Plan, *, most: int, by: str, at: datetime) -> Drill | None:
        """None when so many wait or run."""
        ...

    async def get(self, drill_id: int) -> tuple[Drill, Sequence[Entry]] | None: ...
    async def last(self, take: int) -> Sequence[Drill]: ...
    async def stop(self, drill_id: int, *, by: str, at: datetime) -> None: ...
    async def type(self, drill_id: int, line: str, *, by: str, at: datetime) -> bool:
        """Whether it runs and is played."""
        ...

    async def claim(self, runner: str, *, at: datetime) -> Drill | None:
        """The next that waits, if none runs."""
        ...

    async def beat(
        self,
        drill_id: int,
        runner: str,
        entries: Sequence[Entry],
        *,
        shop: str | None,
        console: str | None,
        at: datetime,
    ) -> Orders | None:
        """None when the drill is somebody else's, or over."""
        ...

    async def end(
        self,
        drill_id: int,
        runner: str,
        state: State,
        entries: Sequence[Entry],
        *,
        problem: str,
        result: Result | None,
        at: datetime,
    ) -> None: ...
    async def abandon(self, silent_since: datetime, *, at: datetime) -> None:
        """Ends those whose process has not been heard of since."""
        ...


class Play(Protocol):
    """A drill that is being played."""

    def lines(self) -> AsyncIterator[Line]:
        """Until it is over."""
        ...

    async def type(self, text: str) -> None: ...
    def stop(self) -> None: ...
    async def end(self) -> str:
        """Waits; what it said when it failed."""
        ...


class Playhouse(Protocol):
    async def offers(self) -> Sequence[Offer]: ...
    async def open(self, plan: Plan) -> Play: ...


def line_of(key: str, text: str) -> str:
    """What is typed for a button of the page. Raises Invalid."""
    if key in KEYS:
        return key
    text = " ".join(text.split())
    if key not in TEXTS:
        raise Invalid(f"a drill knows {', '.join([*KEYS, *TEXTS])}")
    if not text or len(text) > _LONGEST_TEXT:
        raise Invalid(f"write a text of 1 to {_LONGEST_TEXT} characters")
    return f"{key} {text}"
