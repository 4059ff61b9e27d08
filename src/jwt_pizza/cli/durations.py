"""Durations on the command line: `30s`, `11m`, `1.5h`, or a bare number of seconds."""

import re
from typing import Final

import click

_FORM: Final = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>ms|s|m|h)?")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType[float]):
    """Seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = _FORM.fullmatch(str(value))
        if found is None:
            self.fail(f"{value} is not a duration such as 30s, 5m or 1h", param, ctx)
        return float(found["number"]) * _SECONDS[found["unit"]]


DURATION: Final = Duration()
