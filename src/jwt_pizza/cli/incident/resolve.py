"""`jwt-pizza incident resolve`"""

import click

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.incidents.model import Incident


@click.command()
@INCIDENT
def command(incident: int) -> None:
    """Resolve an incident and its alert groups. When the harm stopped is looked up, if nobody said so.

    \b
    Example:
      jwt-pizza incident resolve 3
    """
    click.echo(said(ask("POST", f"/api/incidents/{incident}/resolution", Incident)))
