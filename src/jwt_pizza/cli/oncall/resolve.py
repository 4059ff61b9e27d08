"""`jwt-pizza oncall resolve`"""

import click

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.groups import GROUP, said
from jwt_pizza.ops.alerts.model import Group


@click.command()
@GROUP
def command(group: int) -> None:
    """Resolve a group. It stays so until an alert fires anew.

    \b
    Example:
      jwt-pizza oncall resolve 17
    """
    click.echo(said(ask("POST", f"/api/groups/{group}/resolution", Group)))
