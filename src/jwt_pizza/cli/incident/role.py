"""`jwt-pizza incident role`"""

import click

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.naming import person_id
from jwt_pizza.ops.incidents.model import ROLES, Incident


@click.command()
@INCIDENT
@click.argument("role", type=click.Choice(list(ROLES)))
@click.argument("person", required=False)
def command(incident: int, role: str, person: str | None) -> None:
    """Give somebody a role in an incident; without PERSON nobody has it any more.

    \b
    Examples:
      jwt-pizza incident role 3 commander ada@example.com
      jwt-pizza incident role 3 scribe
    """
    body = {"personId": person_id(person) if person else None}
    click.echo(said(ask("PUT", f"/api/incidents/{incident}/roles/{role}", Incident, body)))
