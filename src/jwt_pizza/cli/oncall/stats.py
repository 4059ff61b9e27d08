"""`jwt-pizza oncall stats`"""

from datetime import UTC, datetime, timedelta

import click
import msgspec
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.kernel.clock import iso
from jwt_pizza.ops.statistics.model import Statistics, Times, as_csv


@click.command()
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="Of the last so many days.")
@click.option("--format", "format_", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def command(days: int, format_: str) -> None:
    """How long it took to acknowledge and to resolve, and whom it woke at which hours.

    \b
    Examples:
      jwt-pizza oncall stats
      jwt-pizza oncall stats --days 7 --format csv > oncall.csv
    """
    since = iso(datetime.now(UTC) - timedelta(days=days))
    found = ask("GET", f"/api/oncall/statistics?since={since}", Statistics)
    if format_ == "json":
        click.echo(msgspec.json.encode(found))
    elif format_ == "csv":
        click.echo(as_csv(found), nl=False)
    else:
        _show(found)


def _show(found: Statistics) -> None:
    click.echo(f"{found.groups} alert groups in the time from {iso(found.since)} to {iso(found.until)}")
    click.echo(f"acknowledged: {_times(found.to_acknowledge)}")
    click.echo(f"resolved: {_times(found.to_resolve)}")
    table = Table("person", "pages", "at night")
    for person in found.people:
        table.add_row(person.name, str(person.pages), str(person.at_night))
    Console(markup=False).print(table)


def _times(times: Times) -> str:
    if times.mean is None or times.median is None:
        return "none"
    return f"{times.count}, after {times.mean:.0f} s on average, {times.median:.0f} s in the median"
