"""`jwt-pizza incident list`"""

from urllib.parse import urlencode

import click
import msgspec
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.incidents.model import STATES, Incident


class Found(msgspec.Struct, frozen=True):
    incidents: list[Incident]
    more: bool


@click.command()
@click.option("--state", type=click.Choice(["open", *STATES, "all"]), default="open", show_default=True)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
def command(state: str, limit: int) -> None:
    """Incidents, the newest first; those that are open, if nothing else is said.

    \b
    Examples:
      jwt-pizza incident list
      jwt-pizza incident list --state all
    """
    query = {"limit": limit} | ({} if state == "all" else {"state": state})
    found = ask("GET", f"/api/incidents?{urlencode(query)}", Found)
    if not found.incidents:
        click.echo("no incident is open" if state == "open" else "no incident fits")
        return
    table = Table("id", "severity", "state", "title", "since (UTC)", "diners", "orders")
    for incident in found.incidents:
        impact = incident.impact
        table.add_row(
            str(incident.id),
            incident.severity,
            incident.state,
            # As it is: what people typed is no markup.
            incident.title,
            f"{incident.started_at:%Y-%m-%d %H:%M:%S}",
            str(impact.diners_affected) if impact else "?",
            str(impact.orders_failed) if impact else "?",
        )
    Console(markup=False).print(table)
    if found.more:
        click.echo(f"there are more: --limit {min(limit * 2, 200)}")
