"""`jwt-pizza incident update`"""

from typing import get_args

import click

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.status.board import NewUpdate, PublicIncident, Saying
from jwt_pizza.ops.status.measuring import PARTS, Part


@click.command()
@click.argument("incident", type=click.IntRange(min=1))
@click.argument("text")
@click.option("--status", type=click.Choice(get_args(Saying)), required=True)
@click.option("--title", help="As customers read it; needed with the first update.")
@click.option(
    "--part", "parts", type=click.Choice(list(PARTS)), multiple=True, help="What it concerns; may be repeated."
)
def command(incident: int, text: str, status: Saying, title: str | None, parts: tuple[Part, ...]) -> None:
    """Tell the public: on the status page, in its feeds, and by mail to whoever subscribed.

    \b
    Examples:
      jwt-pizza incident update 1 --status investigating --title "Orders fail" --part orders "We are looking into it."
      jwt-pizza incident update 1 --status identified "The factory does not answer; nobody is charged."
      jwt-pizza incident update 1 --status resolved "Pizzas come again."
    """
    update = NewUpdate(status=status, text=text, title=title, components=parts or None)
    told = ask("POST", f"/api/incidents/{incident}/updates", PublicIncident, update)
    click.echo(f"{told.title}: {told.status}, update {len(told.updates)}")
