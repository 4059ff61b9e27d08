"""`jwt-pizza chaos start|status|stop`"""

import asyncio
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli import attacks, running
from jwt_pizza.cli.durations import DURATION
from jwt_pizza.cli.operator import operating
from jwt_pizza.factory.chaos.model import EXPLAINED, KINDS, AttackCard, Attacked, Stopped
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit import settings
from jwt_pizza.shop.connections.model import LeakView, Overview

LEAK: Final = "leak"
ABOUT: Final = EXPLAINED | {LEAK: "in the shop: orders forget to return their database connection"}


@click.group()
def command() -> None:
    """Attack the running factory, and end attacks.

    \b
    Goes to JWT_PIZZA_FACTORY_URL (default: /factory of JWT_PIZZA_URL) with the admin's key in
    JWT_PIZZA_FACTORY_API_KEY. What `jwt-pizza up` runs on this machine needs no key: it leaves one in the data
    directory, readable by you alone.
    """


@command.command(epilog="\n\b\n" + "\n".join(f"{kind:<13}{about}" for kind, about in ABOUT.items()))
@click.argument("kind", type=click.Choice([*KINDS, LEAK]))
@click.option("--after", type=DURATION, default="0s", show_default=True, help="Start so much later.")
@click.option("--for", "length", type=DURATION, help="End by itself after so long. Default: 30m, of leak 1m.")
@click.option("--probability", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True)
@click.option("--delay", type=DURATION, help="Of throttle (32s), latency (median, 500ms), slow-drip (20s).")
@click.option("--vendor", metavar="ID", help="Only this vendor's orders. Default: everybody's.")
def start(
    kind: str, after: float, length: float | None, probability: float, delay: float | None, vendor: str | None
) -> None:
    """Start an attack; one on the same target is replaced.

    \b
    Examples:
      jwt-pizza chaos start fail
      jwt-pizza chaos start throttle --after 30s --for 11m
      jwt-pizza chaos start leak --probability 0.5 --for 30s
      jwt-pizza chaos start badjwt --probability 0.5 --vendor jwt-pizza
    """
    if kind == LEAK:
        if after or delay is not None or vendor is not None:
            raise click.UsageError("leak takes no --after, --delay or --vendor: it is in the shop, and starts at once")
        view = _shop("PUT", LeakView, {"probability": probability, "seconds": length or 60.0})
        click.echo(f"leak is on, until {view.ends_at} at the latest")
        return
    plan = {"kind": kind, "after": after, "probability": probability}
    plan |= {name: value for name, value in (("for", length), ("delay", delay), ("vendorId", vendor)) if value}
    attack = attacks.call(settings.load(), "POST", AttackCard, plan)
    click.echo(f"{attack.kind} is {attack.state}, from {attack.starts_at} until {attack.ends_at} at the latest")


@command.command()
def status() -> None:
    """The last attacks, newest first, and whether each process of the shop trusts the factory (its breaker).

    \b
    Example:
      jwt-pizza chaos status
    """
    found = attacks.call(settings.load(), "GET", Attacked).attacks
    if not _shop_status() and not any(attack.state in {"active", "scheduled"} for attack in found):
        click.echo("no attack is on")
    if not found:
        return
    table = Table("kind", "state", "vendor", "share", "from (UTC)", "until", "by")
    for attack in found:
        table.add_row(
            attack.kind,
            attack.state,
            attack.vendor_id or "all",
            f"{attack.probability:.0%}",
            _short(attack.starts_at),
            _short(attack.ended_at or attack.ends_at),
            attack.started_by,
        )
    Console(markup=False).print(table)


@command.command()
def stop() -> None:
    """End every attack; harmless when there is none.

    \b
    Example:
      jwt-pizza chaos stop
    """
    leaked = _stop_leak()
    stopped = attacks.call(settings.load(), "DELETE", Stopped).stopped + leaked
    click.echo(f"{stopped} {'attack' if stopped == 1 else 'attacks'} stopped" if stopped else "no attack was on")


def _shop_status() -> bool:
    """Says how the shop sees the factory, and whether it leaks; True when it does."""
    try:
        leak = _shop("GET", LeakView)
        processes = _shop("GET", Overview, path="/api/ops/connections").processes
    except Refusal as refusal:
        # A factory of its own may be attacked where there is no shop.
        click.echo(f"the shop says nothing: {refusal.message}", err=True)
        return False
    for process in processes:
        if process.ovens is not None:
            seen = f"policy {process.ovens.policy}, breaker {process.ovens.breaker}"
            click.echo(f"{process.name} {process.process}: {seen}")
    if leak.on:
        click.echo(f"leak is on in the shop, until {leak.ends_at} at the latest")
    return leak.on


def _stop_leak() -> bool:
    try:
        leak = _shop("GET", LeakView)
        if leak.on:
            _shop("DELETE", LeakView)
    except Refusal as refusal:
        click.echo(f"the shop says nothing: {refusal.message}", err=True)
        return False
    return leak.on


def _shop(
    method: str, kind: type[running.Answer], body: object = None, *, path: str = "/api/ops/chaos/leak"
) -> running.Answer:
    async def ask() -> running.Answer:
        async with operating(settings.load()) as operator:
            return await operator.ask(method, path, kind, body)

    return asyncio.run(ask())


def _short(date: str) -> str:
    """`06-05 05:14:40` of a date on the wire."""
    return date[5:19].replace("T", " ")
