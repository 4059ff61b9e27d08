"""`jwt-pizza connections`"""

import asyncio
from contextlib import suppress

import click
import msgspec
from rich.box import SIMPLE
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from jwt_pizza.cli.operator import Operator, operating
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit import settings
from jwt_pizza.shop.connections.model import HeldLease, Overview, ProcessView

_PATH = "/api/ops/connections"


@click.command()
@click.option("--once", is_flag=True, help="Print the table once.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API answers, once.")
@click.option("--every", type=click.FloatRange(0.1, 60), default=1.0, show_default=True, help="Seconds between looks.")
def command(once: bool, as_json: bool, every: float) -> None:
    """Show who holds which database connection: owner, line of code, request, and PostgreSQL's view of it.

    Talks to the shop at JWT_PIZZA_URL. It logs in through the shop's database, or with JWT_PIZZA_TOKEN.

    \b
    Examples:
      jwt-pizza connections
      jwt-pizza connections --json | jq '.processes[].leases'
    """
    loaded = settings.load()

    async def show() -> None:
        async with operating(loaded) as operator:
            overview = await operator.ask("GET", _PATH, Overview)
            if as_json:
                click.echo(msgspec.json.format(msgspec.json.encode(overview)).decode())
            elif once:
                Console(markup=False).print(drawn(overview))
            else:
                await _follow(operator, overview, every)

    with suppress(KeyboardInterrupt):
        asyncio.run(show())


async def _follow(operator: Operator, overview: Overview, every: float) -> None:
    with Live(drawn(overview), console=Console(markup=False), screen=True, auto_refresh=False) as live:
        while True:
            await asyncio.sleep(every)
            try:
                view = drawn(await operator.ask("GET", _PATH, Overview))
            except Unavailable as error:
                # It may come back: that is what one is here to see.
                view = Group(Text(error.message, style="red"))
            live.update(view, refresh=True)


def drawn(overview: Overview) -> Group:
    return Group(_pools(overview), _leases(overview), _server(overview))


def _pools(overview: Overview) -> Table:
    table = Table(title="Pools", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("process", no_wrap=True)
    table.add_column("pool", no_wrap=True)
    for heading in ("in use", "idle", "wait", "timed out", "leaked", "taken back", "seen"):
        table.add_column(heading, justify="right")
    for process in overview.processes:
        seen = f"{process.seen_seconds_ago:.1f} s"
        name = _short(process)
        if process.pool is not None:
            pool = process.pool
            numbers = (pool.idle, pool.waiting, pool.timeouts, pool.leaked, pool.reclaimed)
            table.add_row(name, pool.name, f"{pool.used}/{pool.limit}", *map(str, numbers), seen)
        for client in process.clients:
            counts = (str(client.idle), str(client.waiting), "", "", "")
            table.add_row(name, client.name, f"{client.used}/{client.limit}", *counts, seen)
    return table


def _leases(overview: Overview) -> Table:
    """The line stands under its owner: it is what one looks for, and too long for a column of its own."""
    held = [(process, lease) for process in overview.processes for lease in process.leases]
    table = Table(title="Leases, the longest held first", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("held", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("owner, and the line that took it", overflow="fold")
    table.add_column("PostgreSQL", overflow="fold")
    table.add_column("process", no_wrap=True)
    for process, lease in sorted(held, key=lambda pair: -pair[1].seconds):
        table.add_row(*_lease(process, lease), style="bold red" if lease.state == "leaked" else None)
    return table


def _lease(process: ProcessView, lease: HeldLease) -> tuple[str, ...]:
    backend = "gone"
    if lease.backend is not None:
        seconds = "" if lease.backend.query_seconds is None else f" {lease.backend.query_seconds:.2f} s"
        waits = "" if lease.backend.waits_for is None else f", waits for {lease.backend.waits_for}"
        backend = f"{lease.backend.pid} {lease.backend.state}{seconds}{waits}"
    order = "" if lease.order_id is None else f" order {lease.order_id}"
    request = f" request {lease.trace}" if lease.trace else ""
    owner = f"{lease.owner}{order}{request}\n{lease.line}"
    return f"{lease.seconds:.1f} s", lease.state, owner, backend, _short(process)


def _short(process: ProcessView) -> str:
    """Host and process id."""
    return process.process.rpartition(":")[0]


def _server(overview: Overview) -> Text:
    states = ", ".join(f"{count} {state}" for state, count in sorted(overview.backends.items()))
    newest = "no process has reported" if overview.newest_seconds is None else f"{overview.newest_seconds:.1f} s old"
    return Text(f"PostgreSQL: {states} (of {overview.most_backends}). Newest report: {newest}.")
