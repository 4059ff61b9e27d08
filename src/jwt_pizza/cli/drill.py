"""`jwt-pizza drill`"""

import asyncio
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console

from jwt_pizza.drill import game, journal, scenario, showing, verdict, virtual
from jwt_pizza.drill import live as live_drill
from jwt_pizza.drill.figures import Figures, Measured
from jwt_pizza.drill.scenario import WAYS, Scenario, Way

DEFAULT: Final = "incident-2025-04-08"
SPEED: Final = 10.0
_REAL_SLACK: Final = 3.0
"""Seconds by which the system may be late where a time of the scenario is expected."""


@click.command()
@click.argument("scenario_name", metavar="[SCENARIO]", default=DEFAULT)
@click.option(
    "--policy", type=click.Choice([*WAYS, "both"]), default="both", show_default=True, help="The way it is run."
)
@click.option("--live", is_flag=True, help="On real processes and sockets of this machine, in real time.")
@click.option(
    "--speed",
    type=click.FloatRange(min=1, max=60),
    help=f"With --live: how many times as fast as the scenario. Default {SPEED:g}, interactive 1.",
)
@click.option("--interactive", is_flag=True, help="You respond: at this terminal, in the console, on the phone. Live.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
@click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here.")
def command(
    scenario_name: str,
    policy: str,
    live: bool,
    speed: float | None,
    interactive: bool,
    json_file: Path | None,
    report_file: Path | None,
) -> None:
    """Practise an incident: the whole system under a scenario, as it was and as it is built.

    SCENARIO is one that is shipped (a wrong name lists them) or a .toml file (docs/drills.md). Exits with 1 when
    something that the scenario expects is not so.

    \b
    Examples:
      jwt-pizza drill
      jwt-pizza drill bad-pizzas --policy as-built
      jwt-pizza drill my-game-day.toml --json figures.json --report report.md
      jwt-pizza drill --live --speed 20 --policy as-built
      jwt-pizza drill --interactive --policy as-it-was
    """
    loaded = scenario.load(scenario_name)
    ways = WAYS if policy == "both" else tuple(way for way in WAYS if way == policy)
    for way in ways:
        verdict.check(loaded, way, scenario_name)
    if interactive and len(ways) > 1:
        raise click.UsageError("--interactive is played one way: say --policy as-it-was or --policy as-built")
    if speed is not None and not (live or interactive):
        raise click.UsageError("--speed is of --live and --interactive: a virtual drill is as fast as it can be")
    console = Console()
    if interactive:
        figures = _played(loaded, ways[0], speed or 1.0, console)
        _write(json_file, {ways[0]: figures.figures})
        if report_file and figures.report:
            report_file.write_text(figures.report, encoding="utf-8")
        console.print(showing.comparison(loaded, {ways[0]: figures.figures}))
        console.print(game.told(game.score(figures.figures)))
        return
    pace = (speed or SPEED) if live else None
    measured = _live(loaded, ways, pace, console) if pace else _virtually(loaded, ways, console)
    slack = timedelta(seconds=_REAL_SLACK * pace) if pace else timedelta()
    sys.exit(_conclude(loaded, measured, slack, console, json_file, report_file))


def _virtually(loaded: Scenario, ways: tuple[Way, ...], console: Console) -> Mapping[Way, Measured]:
    with console.status("starting PostgreSQL") as status, virtual.ground() as cluster:
        found: dict[Way, Measured] = {}
        for way in ways:
            status.update(f"{loaded.title}: {showing.HEADS[way]}")
            found[way] = virtual.run(loaded, way, cluster)
        return found


def _live(loaded: Scenario, ways: tuple[Way, ...], speed: float, console: Console) -> Mapping[Way, Measured]:
    found: dict[Way, Measured] = {}
    for way in ways:
        with console.status(f"{loaded.title}: {showing.HEADS[way]}, live, {speed:g} times as fast"):
            found[way] = asyncio.run(live_drill.run(loaded, way, speed))
    return found


def _played(loaded: Scenario, way: Way, speed: float, console: Console) -> Measured:
    async def play() -> Measured:
        player = game.Player(lambda text: console.print(text, markup=False, highlight=False), game.typed())
        return await live_drill.run(loaded, way, speed, player.respond)

    return asyncio.run(play())


def _conclude(
    loaded: Scenario,
    measured: Mapping[Way, Measured],
    slack: timedelta,
    console: Console,
    json_file: Path | None,
    report_file: Path | None,
) -> int:
    """The exit status."""
    figures: dict[Way, Figures] = {way: found.figures for way, found in measured.items()}
    judged = {way: verdict.judge(loaded.setup(way).expect, found, slack) for way, found in figures.items()}
    first: Way = next(iter(measured))
    report = measured[first].report or journal.timeline(loaded, first, measured[first])
    _write(json_file, figures)
    if report_file:
        report_file.write_text(report, encoding="utf-8")
    else:
        console.print(report, markup=False, highlight=False)
    console.print(showing.comparison(loaded, figures))
    console.print(showing.verdicts(judged))
    return int(not all(each.good for found in judged.values() for each in found))


def _write(file: Path | None, figures: Mapping[Way, Figures]) -> None:
    if file:
        named = {way.replace("-", "_"): found for way, found in figures.items()}
        file.write_bytes(msgspec.json.format(msgspec.json.encode(named), indent=2) + b"\n")
