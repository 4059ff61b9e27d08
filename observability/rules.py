"""The Prometheus rule files, read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

HOME: Final = Path(__file__).parent
FILES: Final = tuple(sorted((HOME / "prometheus" / "rules").glob("*.yml")))


class Rule(msgspec.Struct, frozen=True):
    """Either `alert` or `record` names it."""

    expr: str
    alert: str = ""
    record: str = ""
    wait: str = msgspec.field(name="for", default="0s")
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self.alert or self.record


class Group(msgspec.Struct, frozen=True):
    name: str
    rules: tuple[Rule, ...]


class _File(msgspec.Struct, frozen=True):
    groups: tuple[Group, ...]


def groups() -> Iterator[Group]:
    for file in FILES:
        yield from msgspec.yaml.decode(file.read_bytes(), type=_File).groups


def alerts() -> Iterator[tuple[Group, Rule]]:
    for group in groups():
        for rule in group.rules:
            if rule.alert:
                yield group, rule
