"""`jwt-pizza incident mitigate`"""

from datetime import datetime

import click

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.moments import MOMENT
from jwt_pizza.kernel.clock import iso
from jwt_pizza.ops.incidents.model import Incident


@click.command()
@INCIDENT
@click.option("--at", type=MOMENT, help="When the harm stopped. Default: now.")
@click.option("--because", default="", help="What stopped it.")
def command(incident: int, at: datetime | None, because: str) -> None:
    """Say that the harm has stopped; the impact is measured up to then.

    \b
    Examples:
      jwt-pizza incident mitigate 3
      jwt-pizza incident mitigate 3 --at 2025-04-08T15:36Z --because "the report link was followed"
    """
    body = {"because": because} | ({"at": iso(at)} if at else {})
    click.echo(said(ask("POST", f"/api/incidents/{incident}/mitigation", Incident, body)))
