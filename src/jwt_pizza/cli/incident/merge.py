"""`jwt-pizza incident merge`"""

import click

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.incidents.model import Incident


@click.command()
@INCIDENT
@click.argument("into", type=click.IntRange(min=1))
def command(incident: int, into: int) -> None:
    """Merge an incident into another one, which gets its alert groups, follow-ups and timeline. There is no way back.

    \b
    Example:
      jwt-pizza incident merge 4 3
    """
    click.echo(said(ask("POST", f"/api/incidents/{incident}/merge", Incident, {"into": into})))
