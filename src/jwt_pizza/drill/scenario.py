"""What happens in a drill: traffic, attacks, what the responder does, and what must come of it. See docs/drills.md.

A scenario is a TOML file. Times of day are UTC; `as-it-was` and `as-built` are the two ways in which the system is run.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from jwt_pizza.factory.chaos.model import Kind
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wallclock import zone_of

Way = Literal["as-it-was", "as-built"]
WAYS: Final[tuple[Way, ...]] = ("as-it-was", "as-built")
Doing = Literal["acknowledge", "resolve", "report-problem", "stop-chaos", "amends", "confirm", "note"]
Trouble = Kind | Literal["leak", "postgresql-restart", "provider-down"]

Expected = int | float | str | bool | tuple[str, ...]
"""Of a figure: a value, `<= 2` and the like, a time of day, or a list of them (verdict.py)."""

Reach = Annotated[tuple[Literal["sms", "email"], ...], msgspec.Meta(min_length=1)]
_Positive = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Unknown names are refused: a typing error must not be a scenario in which nothing happens."""


class Traffic(_Part, frozen=True, kw_only=True):
    """An order every so many seconds, the first at `starts`, none at `ends` or later; each by a diner of its own."""

    starts: time
    ends: time
    every: _Positive
    pizzas: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2


class Attack(_Part, frozen=True, kw_only=True):
    """It ends by itself at `ends`, if nobody ends it before."""

    kind: Trouble
    starts: time
    ends: time
    probability: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    delay: Annotated[float, msgspec.Meta(ge=0, le=300)] | None = None
    """Seconds that each answer of the factory is late, for the kinds that are about that."""


class Action(_Part, frozen=True, kw_only=True):
    """What the responder does: at a time of day, or so many seconds `after` the page with this number (from 1)."""

    do: Doing
    at: time | None = None
    page: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    after: _Seconds = 0.0
    text: str = ""


class Setup(_Part, frozen=True, kw_only=True):
    """How the system is run. `alert_after`: seconds for which a rule must hold before it fires, None for our own."""

    policy: Literal["in-house", "factory", "factory-only"]
    alert_after: _Seconds | None = None
    reached_by: Reach | None = None
    """In place of the scenario's."""
    actions: tuple[Action, ...] = ()
    expect: Mapping[str, Expected] = {}


class Scenario(_Part, frozen=True, kw_only=True):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    about: str = ""
    day: date
    starts: time
    ends: time
    zone: str = "UTC"
    """Of the report's title; everything else is UTC."""
    reached_by: Reach = ("sms",)
    """What the engineer on call has: a phone, a mailbox, or both. The first is tried first."""
    traffic: tuple[Traffic, ...]
    attacks: tuple[Attack, ...] = ()
    as_it_was: Setup
    as_built: Setup

    def at(self, moment: time) -> datetime:
        return datetime.combine(self.day, moment, UTC)

    def setup(self, way: Way) -> Setup:
        return self.as_it_was if way == "as-it-was" else self.as_built


class BadScenario(Invalid):
    """The message names the file, and the line and field where they are known."""


def names() -> list[str]:
    """The scenarios that are shipped."""
    return sorted(entry.name.removesuffix(".toml") for entry in _shipped().iterdir() if entry.name.endswith(".toml"))


def source(name: str) -> str:
    """The TOML of one that is shipped."""
    return (_shipped() / f"{name}.toml").read_text(encoding="utf-8")


def load(name: str) -> Scenario:
    """One that is shipped, or a file. Raises BadScenario."""
    if name in names():
        return parse(source(name), name)
    path = Path(name)
    if path.suffix != ".toml" or not path.is_file():
        raise BadScenario(f"unknown scenario {name}: it is a .toml file, or one of {', '.join(names())}")
    try:
        return parse(path.read_text(encoding="utf-8"), name)
    except UnicodeDecodeError as error:
        raise BadScenario(f"{name}: it must be UTF-8 text") from error


def parse(text: str, name: str) -> Scenario:
    try:
        found = msgspec.convert(tomllib.loads(text), Scenario)
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(f"{name}: {error}") from error
    except msgspec.ValidationError as error:
        message, _, where = str(error).replace("`", "").partition(" - at $")
        field = where.lstrip(".")
        line = _line_of(text, field)
        place = f"{name}, line {line}" if line else name
        about = f"{field}: " if field else ""
        raise BadScenario(f"{place}: {about}{message[:1].lower()}{message[1:]}") from error
    _sensible(found, name)
    return found


def _sensible(scenario: Scenario, name: str) -> None:
    try:
        zone_of(scenario.zone)
    except Invalid as error:
        raise BadScenario(f"{name}: zone: {error.message}") from error
    if scenario.ends <= scenario.starts:
        raise BadScenario(f"{name}: ends must be after starts")
    spans: dict[str, tuple[Traffic | Attack, ...]] = {"traffic": scenario.traffic, "attacks": scenario.attacks}
    for what, of_its_kind in spans.items():
        for number, span in enumerate(of_its_kind):
            if span.ends <= span.starts:
                raise BadScenario(f"{name}: {what}[{number}]: ends must be after starts")
            if span.starts < scenario.starts:
                raise BadScenario(f"{name}: {what}[{number}]: it starts before the scenario does")
    for way in WAYS:
        for number, action in enumerate(scenario.setup(way).actions):
            if (action.at is None) == (action.page is None):
                raise BadScenario(f"{name}: {way}.actions[{number}]: it needs either at or page")


def _line_of(text: str, field: str) -> int | None:
    """The line of `traffic[1].every`, counting tables; None when it is not to be found."""
    parts = [part for part in re.split(r"\.|(?=\[)", field) if part]
    lines = text.splitlines()
    at, table = 0, ""
    for part in parts:
        if part.startswith("["):
            header = f"[[{table}]]"
            found = [number for number, line in enumerate(lines) if line.strip().replace(" ", "") == header]
            index = int(part.strip("[]"))
            if index >= len(found):
                return at + 1 if at else None
            at = found[index]
            continue
        table = f"{table}.{part}" if table else part
        headers = {f"[{table}]", f"[[{table}]]"}
        for number in range(at, len(lines)):
            line = lines[number].strip().replace(" ", "")
            if line in headers or line.startswith(f"{part}="):
                at = number
                break
        else:
            return at + 1 if at else None
    return at + 1


def _shipped() -> Path:
    return Path(str(files(__package__))) / "scenarios"
