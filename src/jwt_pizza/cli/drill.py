"""`jwt-pizza drill`"""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console

from jwt_pizza.drill import game, journal, scenario, showing, verdict, virtual
from jwt_pizza.drill import live as live_drill
from jwt_pizza.drill.figures import Figures, Measured
from jwt_pizza.drill.play import scripted
from jwt_pizza.drill.responder import Responder
from jwt_pizza.drill.scenario import WAYS, Scenario, Way
from jwt_pizza.drill.teller import Person, Program, Teller
from jwt_pizza.kit.ending import ended_as_interrupted
from jwt_pizza.ops.drills.said import Offer, Result

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
@click.option(
    "--jsonl", is_flag=True, help="For programs: a line of JSON for all that happens, the last is the result."
)
@click.option("--list", "listing", is_flag=True, help="List the scenarios that are shipped, and play none.")
def command(
    scenario_name: str,
    policy: str,
    live: bool,
    speed: float | None,
    interactive: bool,
    json_file: Path | None,
    report_file: Path | None,
    jsonl: bool,
    listing: bool,
) -> None:
    """Practise an incident: the whole system under a scenario, as it was and as it is built.

    SCENARIO is one that is shipped (--list) or a .toml file (docs/drills.md). Exits with 1 when something that the
    scenario expects is not so.

    \b
    Examples:
      jwt-pizza drill
      jwt-pizza drill bad-pizzas --policy as-built
      jwt-pizza drill my-game-day.toml --json figures.json --report report.md
      jwt-pizza drill --live --speed 20 --policy as-built
      jwt-pizza drill --interactive --policy as-it-was
    """
    teller: Teller = Program() if jsonl else Person(Console())
    if listing:
        teller.offer([_offer(name) for name in scenario.names()])
        return
    loaded = scenario.load(scenario_name)
    ways = WAYS if policy == "both" else tuple(way for way in WAYS if way == policy)
    for way in ways:
        verdict.check(loaded, way, scenario_name)
    if interactive and len(ways) > 1:
        raise click.UsageError("--interactive is played one way: say --policy as-it-was or --policy as-built")
    if speed is not None and not (live or interactive):
        raise click.UsageError("--speed is of --live and --interactive: a virtual drill is as fast as it can be")
    with ended_as_interrupted():
        if interactive:
            result, figures = _played(loaded, ways[0], speed or 1.0, teller)
        elif live:
            pace = speed or SPEED
            slack = timedelta(seconds=_REAL_SLACK * pace)
            result, figures = _judged(loaded, _live(loaded, ways, pace, teller), slack)
        else:
            result, figures = _judged(loaded, _virtually(loaded, ways, teller), timedelta())
    if json_file:
        named = {way.replace("-", "_"): found for way, found in figures.items()}
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(named), indent=2) + b"\n")
    if report_file:
        report_file.write_text(result.report, encoding="utf-8")
    teller.conclude(result, with_report=report_file is None)
    sys.exit(int(not result.good))


def _offer(name: str) -> Offer:
    loaded = scenario.load(name)
    return Offer(name, loaded.title, loaded.about.strip(), scenario.source(name))


def _virtually(loaded: Scenario, ways: tuple[Way, ...], teller: Teller) -> Mapping[Way, Measured]:
    with ExitStack() as stack:
        with teller.going_on("starting PostgreSQL"):
            cluster = stack.enter_context(virtual.ground())
        found: dict[Way, Measured] = {}
        for way in ways:
            with teller.going_on(f"{loaded.title}: {showing.HEADS[way]}"):
                found[way] = virtual.run(loaded, way, cluster)
        return found


def _live(loaded: Scenario, ways: tuple[Way, ...], speed: float, teller: Teller) -> Mapping[Way, Measured]:
    async def respond(responder: Responder) -> bool:
        teller.set_scene(responder.stage.shop, responder.stage.ops)
        return await scripted(responder)

    found: dict[Way, Measured] = {}
    for way in ways:
        with teller.going_on(f"{loaded.title}: {showing.HEADS[way]}, live, {speed:g} times as fast"):
            found[way] = asyncio.run(live_drill.run(loaded, way, speed, respond))
    return found


def _judged(
    loaded: Scenario, measured: Mapping[Way, Measured], slack: timedelta
) -> tuple[Result, Mapping[Way, Figures]]:
    figures = {way: found.figures for way, found in measured.items()}
    judged = {way: verdict.judge(loaded.setup(way).expect, found, slack) for way, found in figures.items()}
    first: Way = next(iter(measured))
    report = measured[first].report or journal.timeline(loaded, first, measured[first])
    return showing.result(loaded, figures, judged, report=report), figures


def _played(loaded: Scenario, way: Way, speed: float, teller: Teller) -> tuple[Result, Mapping[Way, Figures]]:
    async def respond(responder: Responder) -> bool:
        teller.set_scene(responder.stage.shop, responder.stage.ops)
        return await game.Player(teller.say, game.typed(), helped=not teller.knows_keys).respond(responder)

    teller.say(f"{loaded.title}: {showing.HEADS[way]}, live, {speed:g} times as fast")
    measured = asyncio.run(live_drill.run(loaded, way, speed, respond))
    figures = {way: measured.figures}
    score = game.told(game.score(measured.figures))
    return showing.result(loaded, figures, {}, report=measured.report or "", score=score), figures
