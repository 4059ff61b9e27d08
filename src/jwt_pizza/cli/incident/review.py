"""`jwt-pizza incident review`"""

import click

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.incidents.model import Incident


@click.command()
@INCIDENT
def command(incident: int) -> None:
    """Close the review of a resolved incident.

    \b
    Example:
      jwt-pizza incident review 3
    """
    click.echo(said(ask("POST", f"/api/incidents/{incident}/review", Incident)))
