"""`jwt-pizza oncall test-page`"""

import click

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.paging.routes import TestPaged


@click.command()
@click.argument("person_id", type=click.IntRange(1), metavar="PERSON")
def command(person_id: int) -> None:
    """Send a test page to every contact of somebody that works. PERSON is a number, see `oncall people list`.

    \b
    Example:
      jwt-pizza oncall test-page 3
    """
    count = ask("POST", "/api/oncall/test-page", TestPaged, {"personId": person_id}).contacts
    click.echo(f"sent to {count} contact{'' if count == 1 else 's'}")
