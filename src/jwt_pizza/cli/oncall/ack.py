"""`jwt-pizza oncall ack`"""

import click

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.groups import GROUP, said
from jwt_pizza.ops.alerts.model import Group


@click.command()
@GROUP
def command(group: int) -> None:
    """Acknowledge a group: nobody is paged any more, because somebody is at it.

    \b
    Example:
      jwt-pizza oncall ack 17
    """
    click.echo(said(ask("POST", f"/api/groups/{group}/acknowledgement", Group)))
