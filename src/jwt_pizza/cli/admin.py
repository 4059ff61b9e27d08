"""`jwt-pizza admin create`"""

import click

from jwt_pizza.cli.session import with_database
from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings
from jwt_pizza.shop.accounts.model import name_of
from jwt_pizza.shop.accounts.store import PostgresAccounts


@click.group()
def command() -> None:
    """Administrators."""


@command.command()
@click.option("--email", required=True, help="The address to log in with.")
@click.option("--name", default="Administrator", show_default=True)
@click.password_option(help="Asked for when not given; better not given, so that no history keeps it.")
def create(email: str, name: str, password: str) -> None:
    """Make an administrator, or make an existing user one (their password stays).

    \b
    Examples:
      jwt-pizza admin create --email ada@example.com
      jwt-pizza admin create --email ada@example.com --name "Ada"
    """

    async def work(postgres: Postgres, settings: Settings) -> bool:
        accounts = PostgresAccounts(postgres)
        address = text.email(email)
        known = await accounts.credentials(text.email_key(address))
        if known is None:
            hashed = await Passwords().hash(text.password(password, settings.shortest_password))
            user = await accounts.add(name_of(name), address, hashed, SystemClock().now())
        else:
            user = known.user
        await accounts.grant(user.id, "admin")
        return known is None

    made = with_database(work)
    click.echo(f"{email} is an administrator" + ("" if made else " now; the password is unchanged"))
