"""`jwt-pizza vendor add`"""

import click

from jwt_pizza.cli.session import with_database
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.factory.vendors.store import PostgresVendors
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings


@click.group()
def command() -> None:
    """Vendors of the factory."""


@command.command()
@click.argument("vendor_id", metavar="ID")
@click.option("--name", help="The name on its pizzas; the ID when absent.")
@click.option("--admin", is_flag=True, help="May manage other vendors.")
def add(vendor_id: str, name: str | None, admin: bool) -> None:
    """Make a vendor and print its API key, alone on the last line. An existing vendor gets a new key
    in place of all it has.

    \b
    Examples:
      jwt-pizza vendor add pizzeria-roma --name "Pizzeria Roma"
      KEY=$(jwt-pizza vendor add pizzeria-roma | tail -n 1)
    """

    async def work(postgres: Postgres, _: Settings) -> str:
        clock = SystemClock()
        desk = VendorDesk(PostgresVendors(postgres, clock), clock)
        return await desk.add(vendor_id, name, admin=admin)

    key = with_database(work)
    click.echo(f"vendor {vendor_id} has this API key, which cannot be shown again:")
    click.echo(key)
