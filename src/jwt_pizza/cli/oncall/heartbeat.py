"""`jwt-pizza oncall heartbeat`"""

import click
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.durations import DURATION
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.kit import settings
from jwt_pizza.ops.heartbeats.model import Heartbeat
from jwt_pizza.web.api import Message


@click.group()
def command() -> None:
    """Who must say something at least so often; silence is an alert."""


@command.command()
@click.argument("name")
@click.option("--every", type=DURATION, required=True, help="Longer silence is an alert. Such as 10m or 25h.")
@click.option("--severity", type=click.Choice(["critical", "warning", "info"]), default="critical", show_default=True)
def add(name: str, every: float, severity: str) -> None:
    """Wait for somebody, and print the address to call.

    \b
    Example:
      jwt-pizza oncall heartbeat add nightly-backup --every 25h
    """
    made = ask("POST", "/api/heartbeats", Heartbeat, {"name": name, "intervalSeconds": every, "severity": severity})
    loaded = settings.load()
    address = loaded.ops_public_url or loaded.ops_url or "http://127.0.0.1:3001"
    click.echo(f"{address.rstrip('/')}/api/heartbeats/{made.token}")


@command.command("list")
def list_() -> None:
    """All of them, and whether they are missing.

    \b
    Example:
      jwt-pizza oncall heartbeat list
    """
    now = SystemClock().now()
    table = Table("id", "name", "every", "severity", "last (UTC)", "state")
    for heartbeat in ask("GET", "/api/heartbeats", list[Heartbeat]):
        table.add_row(
            str(heartbeat.id),
            heartbeat.name,
            f"{heartbeat.interval_seconds:g} s",
            heartbeat.severity,
            f"{heartbeat.last_at:%m-%d %H:%M:%S}" if heartbeat.last_at else "never",
            "missing" if heartbeat.missing(now) else "alive",
        )
    Console(markup=False).print(table)


@command.command()
@click.argument("name")
def remove(name: str) -> None:
    """Wait for it no more.

    \b
    Example:
      jwt-pizza oncall heartbeat remove nightly-backup
    """
    for heartbeat in ask("GET", "/api/heartbeats", list[Heartbeat]):
        if name in {heartbeat.name, str(heartbeat.id)}:
            click.echo(ask("DELETE", f"/api/heartbeats/{heartbeat.id}", Message).message)
            return
    raise NotFound(f"no heartbeat is called {name}: see `jwt-pizza oncall heartbeat list`")
