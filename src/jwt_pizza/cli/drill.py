"""`jwt-pizza drill`"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console

from jwt_pizza.drill import journal, scenario, showing, verdict, virtual
from jwt_pizza.drill.figures import Figures, Measured
from jwt_pizza.drill.scenario import WAYS, Scenario, Way

DEFAULT: Final = "incident-2025-04-08"


@click.command()
@click.argument("scenario_name", metavar="[SCENARIO]", default=DEFAULT)
@click.option(
    "--policy", type=click.Choice([*WAYS, "both"]), default="both", show_default=True, help="The way it is run."
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
@click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here.")
def command(scenario_name: str, policy: str, json_file: Path | None, report_file: Path | None) -> None:
    """Practise an incident: the whole system under a scenario, as it was and as it is built.

    SCENARIO is one that is shipped (a wrong name lists them) or a .toml file (docs/drills.md). Exits with 1 when
    something that the scenario expects is not so.

    \b
    Examples:
      jwt-pizza drill
      jwt-pizza drill bad-pizzas --policy as-built
      jwt-pizza drill my-game-day.toml --json figures.json --report report.md
    """
    loaded = scenario.load(scenario_name)
    ways = WAYS if policy == "both" else tuple(way for way in WAYS if way == policy)
    for way in ways:
        verdict.check(loaded, way, scenario_name)
    console = Console()
    measured = _virtually(loaded, ways, console)
    sys.exit(_conclude(loaded, measured, console, json_file, report_file))


def _virtually(loaded: Scenario, ways: tuple[Way, ...], console: Console) -> Mapping[Way, Measured]:
    with console.status("starting PostgreSQL") as status, virtual.ground() as cluster:
        found: dict[Way, Measured] = {}
        for way in ways:
            status.update(f"{loaded.title}: {showing.HEADS[way]}")
            found[way] = virtual.run(loaded, way, cluster)
        return found


def _conclude(
    loaded: Scenario,
    measured: Mapping[Way, Measured],
    console: Console,
    json_file: Path | None,
    report_file: Path | None,
) -> int:
    """The exit status."""
    figures: dict[Way, Figures] = {way: found.figures for way, found in measured.items()}
    judged = {way: verdict.judge(loaded.setup(way).expect, found) for way, found in figures.items()}
    first: Way = next(iter(measured))
    report = measured[first].report or journal.timeline(loaded, first, measured[first])
    if json_file:
        named = {way.replace("-", "_"): found for way, found in figures.items()}
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(named), indent=2) + b"\n")
    if report_file:
        report_file.write_text(report, encoding="utf-8")
    else:
        console.print(report, markup=False, highlight=False)
    console.print(showing.comparison(loaded, figures))
    console.print(showing.verdicts(judged))
    return int(not all(each.good for found in judged.values() for each in found))
