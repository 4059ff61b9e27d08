"""`jwt-pizza oncall audit`"""

from urllib.parse import urlencode

import click
import msgspec
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.kernel.clock import iso
from jwt_pizza.ops.audit.service import Entry


class Found(msgspec.Struct, frozen=True):
    entries: list[Entry]
    more: bool


@click.command()
@click.option("--sort", type=click.Choice(["changed", "done", "refused"]), help="Only entries of that sort.")
@click.option("--by", type=click.IntRange(1), metavar="PERSON", help="Only what that person did, by id.")
@click.option("--before", type=click.IntRange(1), metavar="ENTRY", help="Only what is older than that entry.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
def command(sort: str | None, by: int | None, before: int | None, limit: int) -> None:
    """What was changed, what people did, and who was not believed, the newest first.

    \b
    Examples:
      jwt-pizza oncall audit
      jwt-pizza oncall audit --sort refused --limit 10
      jwt-pizza oncall audit --by 3
    """
    query = {"sort": sort, "by": by, "before": before, "limit": limit}
    found = ask("GET", "/api/audit?" + urlencode({name: value for name, value in query.items() if value}), Found)
    table = Table("entry", "at (UTC)", "what", "from")
    for each in found.entries:
        table.add_row(str(each.id), iso(each.at), each.text, each.address)
    Console(markup=False).print(table)
    if found.more:
        click.echo(f"there are more: --before {found.entries[-1].id}")
