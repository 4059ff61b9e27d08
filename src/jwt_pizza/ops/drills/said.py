"""What `jwt-pizza drill --jsonl` writes: a line of JSON each, told apart by `kind`."""

from typing import TypeAlias

import msgspec


class Said(msgspec.Struct, frozen=True, tag_field="kind", tag="said"):
    """What happens, for whoever waits."""

    text: str


class Scene(msgspec.Struct, frozen=True, tag_field="kind", tag="scene"):
    """A live drill has begun: where its shop and its console are, while it lasts."""

    shop: str
    console: str


class Offer(msgspec.Struct, frozen=True, tag_field="kind", tag="offer"):
    """A scenario that is shipped; `source` is its TOML."""

    name: str
    title: str
    about: str
    source: str


class Row(msgspec.Struct, frozen=True):
    """`values`: one of each way."""

    measure: str
    values: tuple[str, ...]


class Expectation(msgspec.Struct, frozen=True):
    way: str
    figure: str
    expected: str
    found: str
    good: bool


class Result(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="result"):
    """The last line. `ways` are the heads of the comparison's columns; `report` is Markdown; `score` is of a game."""

    title: str
    ways: tuple[str, ...]
    rows: tuple[Row, ...]
    expectations: tuple[Expectation, ...] = ()
    report: str = ""
    score: str = ""

    @property
    def good(self) -> bool:
        return all(expectation.good for expectation in self.expectations)


Line: TypeAlias = Said | Scene | Offer | Result
