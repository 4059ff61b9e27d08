"""`jwt-pizza incident acknowledge`"""

import click

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.incidents.model import Incident


@click.command()
@INCIDENT
def command(incident: int) -> None:
    """Acknowledge an incident and its alert groups, so that nobody is paged any more.

    \b
    Example:
      jwt-pizza incident acknowledge 3
    """
    click.echo(said(ask("POST", f"/api/incidents/{incident}/acknowledgement", Incident)))
