"""`jwt-pizza keys rotate`"""

import click

from jwt_pizza.apps import factory
from jwt_pizza.cli.session import with_database
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings


@click.group()
def command() -> None:
    """The keys that pizzas are signed with."""


@command.command()
def rotate() -> None:
    """Sign with a new key from now on. Pizzas of the old one stay verifiable until they expire.

    Running servers follow within a second; nothing needs a restart.

    \b
    Example:
      jwt-pizza keys rotate
    """

    async def work(postgres: Postgres, settings: Settings) -> str:
        return await factory.factory(settings, postgres, SystemClock()).keys.rotate()

    click.echo(f"pizzas are signed with key {with_database(work)} now")
