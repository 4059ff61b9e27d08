"""`jwt-pizza oncall pages`"""

import click
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.kernel.clock import iso
from jwt_pizza.ops.paging.model import Notified


@click.command()
@click.argument("group_id", type=click.IntRange(1), metavar="GROUP")
def command(group_id: int) -> None:
    """What was sent about an alert group, to whom, and what became of it.

    \b
    Example:
      jwt-pizza oncall pages 7
    """
    table = Table("page", "person", "channel", "status", "sent", "provider", "error")
    for each in ask("GET", f"/api/groups/{group_id}/notifications", list[Notified]):
        sent = iso(each.sent_at) if each.sent_at else ""
        person = str(each.person_id) if each.person_id else each.kind
        table.add_row(str(each.page), person, each.channel, each.status, sent, each.provider or "", each.error or "")
    Console(markup=False).print(table)
