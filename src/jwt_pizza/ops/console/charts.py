"""The charts that the watch's alerts link to: the last ten minutes, out of what the processes said."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from jwt_pizza.kernel.money import Satoshis, btc_text
from jwt_pizza.kernel.vitals import Counts
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.telemetry.fleet import REMEMBERED, Gauges, View, charged, delivered, failures, orders
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site

_PAUSE: Final = 10.0
"""Seconds a column."""
_HEIGHT: Final = 100
_WIDTH: Final = 10


class Bar(msgspec.Struct, frozen=True):
    """A piece of a column, in the units of the picture; y grows downwards. `tone` is its class."""

    x: int
    y: float
    height: float
    tone: str


class Chart(msgspec.Struct, frozen=True):
    """`about` says in words what is drawn, for those who do not see it; `most` is what the full height stands for,
    empty where there is nothing."""

    title: str
    about: str
    bars: Sequence[Bar]
    most: str
    width: int
    height: int = _HEIGHT


class Section(msgspec.Struct, frozen=True):
    """`key` is what a rule's `chart` names."""

    key: str
    title: str
    charts: Sequence[Chart]
    figures: Sequence[tuple[str, str]]


@get("/charts")
async def charts(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001 - 401, and the header shows who it is
    fleet_view: Given[View],
) -> Template:
    return site.draw(request, "console/charts.html", sections=drawn(fleet_view), place="charts")


def drawn(view: View) -> Sequence[Section]:
    """Pure; every chart that a rule of the watch names."""
    gauges = view.gauges()
    return [
        Section(
            "service",
            "Orders",
            [stacked(view, "Orders, delivered and not", (("good", delivered), ("bad", failures)))],
            [
                ("Orders in the last minute", str(view.count(orders, 60))),
                ("of them not delivered", str(view.count(failures, 60))),
                *[(f"failed: {reason}", str(count)) for reason, count in view.by(_failed, REMEMBERED).items()],
            ],
        ),
        Section(
            "factory",
            "The factory",
            [stacked(view, "Tries of the factory, good and bad", (("good", _good_bakes), ("bad", _bad_bakes)))],
            [
                *[(f"answers: {reason}", str(count)) for reason, count in view.by(_bakes, REMEMBERED).items()],
                *[(f"breaker of {name}", state) for name, state in _breakers(view)],
            ],
        ),
        Section(
            "money",
            "Money",
            [
                stacked(view, "Sold, in satoshis", (("good", _revenue),)),
                stacked(view, "Charged and not delivered, orders", (("bad", charged),)),
            ],
            [
                ("Sold in ten minutes", btc_text(Satoshis(view.count(_revenue, REMEMBERED)))),
                ("Charged and not delivered", str(view.count(charged, REMEMBERED))),
            ],
        ),
        Section(
            "connections",
            "Database connections",
            [
                _measured(view, "Connections in use", lambda found: found.used, str(gauges.limit), gauges.limit),
                _measured(view, "Requests that wait for one", lambda found: found.waiting),
            ],
            [("In use now", f"{gauges.used} of {gauges.limit}"), ("Waiting now", str(gauges.waiting))],
        ),
        Section(
            "oncall",
            "The pager",
            [_measured(view, "By how much it is late, in seconds", lambda found: found.pager)],
            [("Late now", f"{gauges.pager:.1f} s")],
        ),
        Section(
            "processes",
            "Processes",
            [
                _measured(view, "Worst lag of an event loop, in milliseconds", lambda found: found.lag * 1000),
                _measured(view, "Memory, in MB", lambda found: found.memory / 1e6),
            ],
            [
                ("Running", ", ".join(sorted(process.last.process for process in view.live)) or "none"),
                ("Silent", ", ".join(sorted(process.last.process for process in view.silent)) or "none"),
            ],
        ),
    ]


def stacked(view: View, title: str, parts: Sequence[tuple[str, Callable[[Counts], int]]]) -> Chart:
    """Of the last ten minutes; each part is the class of its colour and what is counted."""
    series = [(tone, view.series(what, _PAUSE)) for tone, what in parts]
    columns = [sum(column) for column in zip(*(values for _, values in series), strict=True)]
    most = max([*columns, 1])
    bars: list[Bar] = []
    heights = [0.0] * len(columns)
    for tone, values in series:
        for number, value in enumerate(values):
            if value:
                height = value / most * _HEIGHT
                heights[number] += height
                bars.append(Bar(number * _WIDTH, round(_HEIGHT - heights[number], 2), round(height, 2), tone))
    totals = ", ".join(f"{sum(values)} {tone}" for tone, values in series)
    return Chart(
        title,
        f"{totals} in ten minutes, at most {most} in {_PAUSE:.0f} seconds",
        bars,
        f"{most:,}" if any(columns) else "",
        len(columns) * _WIDTH,
    )


def _measured(
    view: View, title: str, what: Callable[[Gauges], float], label: str | None = None, full: float | None = None
) -> Chart:
    count = round(REMEMBERED / _PAUSE)
    moments = [view.now - REMEMBERED + _PAUSE * (number + 1) for number in range(count)]
    found = [view.fleet.gauges(moment) for moment in moments]
    values = [0.0 if gauges is None else float(what(gauges)) for gauges in found]
    most = max(values) if full is None else max(full, *values)
    bars = [
        Bar(number * _WIDTH, round(_HEIGHT * (1 - value / most), 2), round(_HEIGHT * value / most, 2), "plain")
        for number, value in enumerate(values)
        if value
    ]
    about = f"at most {max(values):.4g} in ten minutes, {values[-1]:.4g} now"
    return Chart(title, about, bars, label or (f"{most:,.4g}" if most else ""), count * _WIDTH)


def _failed(counts: Counts) -> dict[str, int]:
    return dict(counts.failed)


def _bakes(counts: Counts) -> dict[str, int]:
    return dict(counts.bakes)


def _good_bakes(counts: Counts) -> int:
    return counts.bakes.get("good", 0)


def _bad_bakes(counts: Counts) -> int:
    return sum(counts.bakes.values()) - _good_bakes(counts)


def _revenue(counts: Counts) -> int:
    return counts.revenue


def _breakers(view: View) -> list[tuple[str, str]]:
    found = [(process.last.process, process.last.vitals.ovens) for process in view.live]
    return sorted((name, ovens.breaker) for name, ovens in found if ovens is not None)


router = Router("/", route_handlers=[charts])
