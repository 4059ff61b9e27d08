"""A game day: the responding is left to whoever sits at the terminal, and there is a score."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TextIO

import msgspec

from jwt_pizza.drill.figures import Figures
from jwt_pizza.drill.responder import Done, Responder
from jwt_pizza.drill.scenario import Action, Doing
from jwt_pizza.drill.stage import Failed
from jwt_pizza.kernel.errors import Refusal

KEYS: Final[Mapping[str, tuple[Doing | None, str]]] = {
    "a": ("acknowledge", "acknowledge what fires"),
    "p": ("report-problem", "follow the report link of a failing answer"),
    "s": ("stop-chaos", "stop every attack"),
    "r": ("resolve", "resolve what fires"),
    "m": ("amends", "make amends to everybody who was hurt"),
    "n": ("note", "write a note: n TEXT"),
    "c": ("confirm", "confirm that it is over: c TEXT"),
    "q": (None, "end the drill"),
}
_PER_MINUTE: Final = 5
"""Points that a minute costs."""
_PER_DINER: Final = 2
_BEST: Final = 100

Say = Callable[[str], None]


class Score(msgspec.Struct, frozen=True):
    """`points` of a hundred: what is lost by minutes until acknowledged and until the cause is ended, and by diners
    who were hurt. A drill that was never acknowledged, or never ended, scores nothing."""

    acknowledged_seconds: float | None
    """From the first page."""
    mitigated_seconds: float | None
    """From the first bad call."""
    customers_hurt: int
    points: int


class Player:
    """At the terminal, or by a program with buttons of its own. `lines` are what is typed, one command each."""

    def __init__(self, say: Say, lines: "asyncio.Queue[str]", *, helped: bool = True) -> None:
        self._say = say
        self._lines = lines
        self._helped = helped

    async def respond(self, responder: Responder) -> bool:
        if self._helped:
            self._say(_help(responder))
        telling = asyncio.create_task(self._tell_pages(responder))
        try:
            while (line := (await self._lines.get()).strip()) != "q":
                await self._do(responder, line)
        finally:
            telling.cancel()
        return True

    async def _tell_pages(self, responder: Responder) -> None:
        number = 1
        while True:
            at = await responder.pages.number(number)
            texts = responder.stage.phone.texts
            self._say(f"{_clock(at)} Your phone: {texts[-1].body if texts else 'you have mail'}")
            number += 1

    async def _do(self, responder: Responder, line: str) -> None:
        key, _, text = line.partition(" ")
        do = KEYS.get(key, (None, ""))[0]
        if do is None:
            if line:
                self._say(_help(responder))
            return
        at = responder.stage.clock.now()
        try:
            outcome = await responder.do(Action(do=do, at=at.time(), text=text))
        except (Failed, Refusal) as failure:
            self._say(f"{_clock(at)} It did not work: {failure}")
            return
        responder.done.append(Done(at, do, outcome))
        self._say(f"{_clock(at)} {outcome}")


def typed() -> "asyncio.Queue[str]":
    """What comes on standard input; its end ends the drill."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    source: TextIO = sys.stdin

    def hear() -> None:
        line = source.readline()
        lines.put_nowait(line if line else "q")
        if not line:
            loop.remove_reader(source)

    loop.add_reader(source, hear)
    return lines


def score(figures: Figures) -> Score:
    acknowledged = _seconds(figures.first_page_at, figures.acknowledged_at)
    mitigated = _seconds(figures.first_bad_call_at or figures.first_failure_at, figures.mitigated_at)
    points = 0
    if acknowledged is not None and mitigated is not None:
        lost = (acknowledged + mitigated) / 60 * _PER_MINUTE + figures.diners_affected * _PER_DINER
        points = max(0, round(_BEST - lost))
    return Score(acknowledged, mitigated, figures.diners_affected, points)


def told(result: Score) -> str:
    return (
        f"Score: {result.points} of {_BEST}. Acknowledged after {_length(result.acknowledged_seconds)}, "
        f"the cause ended after {_length(result.mitigated_seconds)}, {result.customers_hurt} customers hurt."
    )


def _help(responder: Responder) -> str:
    stage = responder.stage
    keys = "\n".join(f"  {key}  {about}" for key, (_, about) in KEYS.items())
    return (
        f"You are on call. Shop {stage.shop} · console {stage.ops} (log in as oncall@jwt.com / oncall).\n"
        f"Type a letter and Enter:\n{keys}"
    )


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S}"


def _length(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    return max(0.0, (until - since).total_seconds()) if since and until else None
