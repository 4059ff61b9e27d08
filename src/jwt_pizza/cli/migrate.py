"""`jwt-pizza migrate`"""

import asyncio
import os
from pathlib import Path

import click

from jwt_pizza.apps import database, demo, migration, parts
from jwt_pizza.apps.ops import demo as ops_demo
from jwt_pizza.factory.vendors.model import OPERATOR
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.factory.vendors.store import PostgresVendors
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit import settings


@click.command()
@click.option(
    "--demo", "with_demo", is_flag=True, help="Add the demo's users, menu, franchise and store to an empty database."
)
@click.option(
    "--operator-key",
    type=click.Path(dir_okay=False, path_type=Path),
    hidden=True,
    help="Write a key of the factory's admin vendor there; for `up`.",
)
def command(with_demo: bool, operator_key: Path | None) -> None:
    """Bring the database to this version.

    Safe to repeat, and safe to run on several machines at once.

    \b
    Example:
      DATABASE_URL=postgresql://pizza@db/pizza jwt-pizza migrate
    """
    loaded = settings.load()

    async def fill(url: str) -> None:
        async with parts.opened(parts.pool(loaded, url, "jwt-pizza migrate")) as postgres:
            clock = SystemClock()
            if with_demo:
                await demo.seed(postgres, clock)
                await ops_demo.seed(postgres, clock)
            if operator_key:
                desk = VendorDesk(PostgresVendors(postgres, clock), clock)
                _write(operator_key, await desk.lend(OPERATOR))

    with database.at_hand(loaded) as url:
        migration.migrate(url)
        if with_demo or operator_key:
            asyncio.run(fill(url))
    click.echo("the database is at this version")


def _write(file: Path, key: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Made anew, so that a file that was left more open does not keep its mode.
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
        opened.write(key + "\n")
