"""`jwt-pizza incident run`"""

from typing import get_args

import click

from jwt_pizza.cli.incident.words import INCIDENT
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.kernel.errors import Conflict
from jwt_pizza.ops.incidents.runbooks import Outcome
from jwt_pizza.ops.telemetry.model import Action


@click.command()
@INCIDENT
@click.argument("action", type=click.Choice(get_args(Action)))
def command(incident: int, action: str) -> None:
    """Run an action of a runbook; what came of it is on the timeline.

    \b
    report-factory       follows the report link of the latest failing answer of the factory
    in-house-oven        the in-house oven bakes everything for half an hour
    release-oven         the policy chooses again
    stop-chaos           ends every attack, on the factory and in the shop
    reclaim-connections  takes leaked database connections back now

    \b
    Example:
      jwt-pizza incident run 3 report-factory
    """
    done = ask("POST", f"/api/incidents/{incident}/actions/{action}", Outcome)
    if not done.good:
        raise Conflict(f"{action} was in vain: {done.outcome}")
    click.echo(done.outcome)
