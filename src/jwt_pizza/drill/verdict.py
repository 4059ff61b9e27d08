"""Whether a drill came to what its scenario expects. See docs/drills.md for the forms of an expectation."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.drill.figures import Figures
from jwt_pizza.drill.scenario import BadScenario, Expected, Scenario, Way

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_BOUND: Final = re.compile(r"(<=|>=|<|>)\s*(\d+(?:\.\d+)?)")
_TIME: Final = re.compile(r"\d\d:\d\d(:\d\d)?")
_KINDS: Final = {field.name: field.type for field in msgspec.structs.fields(Figures)}


class Verdict(msgspec.Struct, frozen=True):
    figure: str
    expected: str
    found: str
    good: bool


def judge(
    expected: Mapping[str, Expected],
    figures: Figures,
    slack: timedelta = timedelta(),
) -> Sequence[Verdict]:
    """`slack`: by how much a time may be late, on a drill where a second of the system is many of the scenario."""
    return [_judge(name, wanted, getattr(figures, name), slack) for name, wanted in expected.items()]


def check(scenario: Scenario, way: Way, name: str) -> None:
    """Raises BadScenario for what could never be: a typing error must not be an expectation that always fails."""
    for figure, wanted in scenario.setup(way).expect.items():
        place = f"{name}: {way}.expect.{figure}"
        kind = _KINDS.get(figure)
        if kind is None:
            raise BadScenario(f"{place}: there is no such figure; there are {', '.join(_KINDS)}")
        if isinstance(wanted, bool):
            raise BadScenario(f"{place}: a figure is a number or a time, never true or false")
        if isinstance(wanted, tuple):
            good = kind == tuple[datetime, ...] and all(_TIME.fullmatch(each) for each in wanted)
        elif isinstance(wanted, str):
            is_time = kind == datetime | None
            good = (
                wanted == "never"
                if not _BOUND.fullmatch(wanted) and not _TIME.fullmatch(wanted)
                else (is_time == bool(_TIME.fullmatch(wanted)))
            )
        else:
            good = kind != datetime | None and kind != tuple[datetime, ...]
        if not good:
            raise BadScenario(
                f'{place}: write a number, "<= 2", a time like "15:28" or "15:28:05", a list of them, or "never", as '
                "fits the figure"
            )


def text_of(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%H:%M:%S")
    if isinstance(value, tuple):
        return ", ".join(map(text_of, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "never" if value is None else str(value)


def _judge(name: str, wanted: Expected, found: object, slack: timedelta) -> Verdict:
    return Verdict(name, text_of(wanted), text_of(found), _fits(wanted, found, slack))


def _fits(wanted: Expected, found: object, slack: timedelta) -> bool:
    if isinstance(wanted, tuple):
        times = found if isinstance(found, tuple) else ()
        return len(times) == len(wanted) and all(_fits(*pair, slack) for pair in zip(wanted, times, strict=True))
    if isinstance(wanted, str):
        if isinstance(found, datetime):
            return any(text_of(moment).startswith(wanted) for moment in (found, found - slack)) or (
                text_of(found - slack) <= wanted <= text_of(found)
            )
        bound = _BOUND.fullmatch(wanted)
        if bound is None:
            return wanted == "never" and found is None
        return isinstance(found, int | float) and _COMPARE[bound[1]](found, float(bound[2]))
    return found == wanted
