"""`jwt-pizza incident severity`"""

import click

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.incidents.model import Incident


@click.command()
@INCIDENT
@click.argument("severity", type=click.Choice(["critical", "major", "minor", "measured"]))
def command(incident: int, severity: str) -> None:
    """Say how severe an incident is; `measured`: what its impact says counts again.

    \b
    Example:
      jwt-pizza incident severity 3 critical
    """
    body = {"severity": None if severity == "measured" else severity}
    click.echo(said(ask("PUT", f"/api/incidents/{incident}/severity", Incident, body)))
