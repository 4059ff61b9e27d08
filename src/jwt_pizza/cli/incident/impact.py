"""`jwt-pizza incident impact`"""

import asyncio
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask, asking
from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.kernel.money import btc_text
from jwt_pizza.kit import settings
from jwt_pizza.ops.incidents.model import Impact, Incident


@click.command()
@INCIDENT
@click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Writes the list of orders there.")
def command(incident: int, file: Path | None) -> None:
    """Measure whom an incident hurt, from its first failing order to when the harm stopped.

    \b
    Examples:
      jwt-pizza incident impact 3
      jwt-pizza incident impact 3 --csv hurt.csv
    """
    if file is not None:
        file.write_bytes(asyncio.run(_list(incident)))
        click.echo(f"{file} has the orders of incident {incident}")
        return
    measured = ask("POST", f"/api/incidents/{incident}/impact", Incident)
    if measured.impact is None:
        raise NotFound("nothing was measured")
    click.echo(said(measured))
    Console(markup=False).print(_figures(measured.impact), _stores(measured.impact))


async def _list(incident: int) -> bytes:
    async with asking(settings.load()) as ops:
        return await ops.read("GET", f"/api/incidents/{incident}/impact/orders.csv")


def _figures(impact: Impact) -> Table:
    table = Table("what", "how much", show_header=False)
    table.add_row("window (UTC)", f"{impact.since:%Y-%m-%d %H:%M:%S} to {impact.until:%H:%M:%S}")
    table.add_row("diners affected", f"{impact.diners_affected} of {impact.diners_tried} ({impact.share:.0%})")
    table.add_row("orders failed", f"{impact.orders_failed} of {impact.orders_tried}")
    table.add_row("pizzas not delivered", str(impact.pizzas_not_delivered))
    table.add_row("charged, not delivered", f"{impact.orders_charged} orders, {btc_text(impact.satoshis_charged)}")
    table.add_row("made good since", f"{impact.orders_compensated} orders")
    table.add_row("served afterwards", f"{impact.diners_served_later} diners")
    table.add_row("other routes", ", ".join(impact.routes_disturbed) or "not disturbed")
    return table


def _stores(impact: Impact) -> Table:
    table = Table("store", "orders", "pizzas", "charged")
    for store in impact.stores:
        name = Text(store.store or f"store {store.store_id}")
        table.add_row(name, str(store.orders), str(store.pizzas), btc_text(store.satoshis))
    return table
