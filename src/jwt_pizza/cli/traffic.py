"""`jwt-pizza traffic`"""

import asyncio
import signal
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table

from jwt_pizza.cli.durations import DURATION
from jwt_pizza.kit import settings
from jwt_pizza.traffic import guests
from jwt_pizza.traffic.outcomes import Outcomes


@click.command()
@click.option(
    "--rate", type=click.FloatRange(min=0.1, max=5000), default=10, show_default=True, help="Orders a second."
)
@click.option("--duration", type=DURATION, help="Such as 30s, 5m, 1h. Without it until Ctrl-C.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the outcomes here.")
@click.option("--url", help="Where the shop runs; default JWT_PIZZA_URL.")
def command(rate: float, duration: float | None, json_file: Path | None, url: str | None) -> None:
    """Send realistic load to a running shop, and show what becomes of it.

    Beside each order come two looks at the menu and now and then a look at the history, a login, a mistyped login, and
    an order that is too large. Calls are sent at their time whatever the answers take.

    \b
    Examples:
      jwt-pizza traffic --rate 50
      jwt-pizza traffic --rate 200 --duration 20s --json outcomes.json
    """
    outcomes = Outcomes()
    asyncio.run(_run((url or settings.load().url).rstrip("/"), outcomes, rate, duration))
    if json_file:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(outcomes.figures()), indent=2) + b"\n")


async def _run(url: str, outcomes: Outcomes, rate: float, seconds: float | None) -> None:
    console = Console()
    crowd = guests.Guests(url, outcomes)
    async with guests.client() as client:
        await crowd.arrive(client)
        coming = asyncio.create_task(crowd.come(client, rate=rate, seconds=seconds))
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, coming.cancel)
        with Live(_table(outcomes), console=console, refresh_per_second=2) as live:
            while not coming.done():
                await asyncio.wait([coming], timeout=0.5)
                live.update(_table(outcomes))
        if not coming.cancelled():
            coming.result()


def _table(outcomes: Outcomes) -> Table:
    table = Table(title="Traffic")
    table.add_column("call")
    for column in ("sent", "good", "refused", "failed", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right")
    table.add_column("failures")
    for kind, outcome in outcomes.kinds.items():
        failures = ", ".join(f"{count} × {message}" for message, count in outcome.messages.most_common(3))
        table.add_row(
            kind,
            str(outcome.placed),
            str(outcome.fulfilled),
            str(outcome.refused),
            f"[red]{outcome.failed}[/red]" if outcome.failed else "0",
            f"{outcome.percentile(0.5):.1f}",
            f"{outcome.percentile(0.99):.1f}",
            failures,
        )
    return table
