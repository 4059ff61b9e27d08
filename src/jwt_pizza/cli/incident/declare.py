"""`jwt-pizza incident declare`"""

from datetime import datetime

import click

from jwt_pizza.cli.incident.words import said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.moments import MOMENT
from jwt_pizza.kernel.clock import iso
from jwt_pizza.ops.incidents.model import Incident


@click.command()
@click.argument("title")
@click.option("--severity", type=click.Choice(["critical", "major", "minor"]), help="Default: as measured.")
@click.option("--since", type=MOMENT, help="When the harm began, if that is known.")
@click.option("--group", type=click.IntRange(min=1), help="The alert group that it is about.")
def command(title: str, severity: str | None, since: datetime | None, group: int | None) -> None:
    """Declare an incident.

    \b
    Examples:
      jwt-pizza incident declare "Nobody can order"
      jwt-pizza incident declare "Nobody can order" --severity critical --since 2025-04-08T15:25Z --group 17
    """
    given = {"severity": severity, "startedAt": iso(since) if since else None, "groupId": group}
    body = {"title": title} | {name: value for name, value in given.items() if value is not None}
    click.echo(said(ask("POST", "/api/incidents", Incident, body)))
