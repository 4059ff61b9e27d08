"""`jwt-pizza incident link`"""

import click

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.groups import GROUP
from jwt_pizza.ops.incidents.model import Incident


@click.command()
@INCIDENT
@GROUP
@click.option("--remove", is_flag=True, help="It is no part of it.")
def command(incident: int, group: int, remove: bool) -> None:
    """Make an alert group part of an incident; it leaves the one that it belonged to.

    \b
    Examples:
      jwt-pizza incident link 3 17
      jwt-pizza incident link 3 17 --remove
    """
    method = "DELETE" if remove else "PUT"
    click.echo(said(ask(method, f"/api/incidents/{incident}/groups/{group}", Incident)))
