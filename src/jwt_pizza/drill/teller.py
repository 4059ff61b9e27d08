"""To whom a drill tells what happens: people at a terminal or behind a pipe, or a program."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

import msgspec
from rich.console import Console
from rich.table import Table

from jwt_pizza.drill import showing
from jwt_pizza.ops.drills.said import Line, Offer, Result, Said, Scene

_encode: Final = msgspec.json.Encoder().encode


class Teller(Protocol):
    knows_keys: bool
    """Whoever reads it need not be told what can be typed."""

    def going_on(self, text: str) -> AbstractContextManager[object]:
        """For as long as it goes on."""
        ...

    def say(self, text: str) -> None: ...
    def set_scene(self, shop: str, console: str) -> None: ...
    def offer(self, offers: Sequence[Offer]) -> None: ...
    def conclude(self, result: Result, *, with_report: bool) -> None: ...


class Person:
    knows_keys = False

    def __init__(self, console: Console) -> None:
        self._console = console

    def going_on(self, text: str) -> AbstractContextManager[object]:
        if self._console.is_terminal:
            return self._console.status(text)
        self.say(text)
        return nullcontext()

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    def set_scene(self, shop: str, console: str) -> None:
        self.say(f"shop {shop} · console {console}")

    def offer(self, offers: Sequence[Offer]) -> None:
        table = Table()
        for name in ("scenario", "what happens"):
            table.add_column(name)
        for each in offers:
            table.add_row(each.name, " ".join(each.about.split()) or each.title)
        self._console.print(table)

    def conclude(self, result: Result, *, with_report: bool) -> None:
        if with_report and result.report:
            self.say(result.report)
        self._console.print(showing.comparison(result))
        if result.expectations:
            self._console.print(showing.expectations(result))
        if result.score:
            self.say(result.score)


class Program:
    """A line of JSON each (ops/drills/said.py)."""

    knows_keys = True

    def going_on(self, text: str) -> AbstractContextManager[object]:
        self.say(text)
        return nullcontext()

    def say(self, text: str) -> None:
        self._write(Said(text))

    def set_scene(self, shop: str, console: str) -> None:
        self._write(Scene(shop, console))

    def offer(self, offers: Sequence[Offer]) -> None:
        for each in offers:
            self._write(each)

    def conclude(self, result: Result, *, with_report: bool) -> None:
        self._write(result if with_report else msgspec.structs.replace(result, report=""))

    @staticmethod
    def _write(line: Line) -> None:
        sys.stdout.buffer.write(_encode(line) + b"\n")
        sys.stdout.buffer.flush()
