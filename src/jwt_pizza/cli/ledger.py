"""`jwt-pizza ledger check`"""

import sys
from collections.abc import Sequence

import click

from jwt_pizza.cli.session import with_database
from jwt_pizza.kernel.money import btc_text
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings
from jwt_pizza.shop.ledger.store import PostgresLedger, Totals


@click.group()
def command() -> None:
    """The books."""


@command.command()
def check() -> None:
    """Check every invariant of orders and money; exit 1 and list what is broken if any is.

    \b
    Checked: debits and credits cancel out; every order has a hold that resolved as the order did; prices are the sum
    of their items; charged orders have a pizza; refunds match; store balances are the sum of their transfers.

    \b
    Example:
      jwt-pizza ledger check && echo good
    """
    broken, totals = with_database(audit)
    if broken:
        click.echo("the ledger is broken:")
        for sentence in broken:
            click.echo(f"  - {sentence}")
        sys.exit(1)
    click.echo(
        f"the ledger is sound: {totals.orders} orders, {totals.transfers} transfers, "
        f"captured {btc_text(totals.captured)}, refunded {btc_text(totals.refunded)}, held {btc_text(totals.held)}"
    )


async def audit(postgres: Postgres, _: Settings) -> tuple[Sequence[str], Totals]:
    """What is broken, in sentences, and the sums."""
    ledger = PostgresLedger(postgres)
    return await ledger.broken(), await ledger.totals()
