"""`jwt-pizza incident amends`"""

import asyncio
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from jwt_pizza.cli.incident.words import INCIDENT
from jwt_pizza.cli.oncall.asking import ask, asking
from jwt_pizza.cli.operator import Operator
from jwt_pizza.kernel.clock import Clock, SystemClock
from jwt_pizza.kernel.money import btc_text
from jwt_pizza.kit import settings
from jwt_pizza.ops.incidents.model import Amends
from jwt_pizza.ops.incidents.remote import Failure

_LOOK: Final = 0.5


@click.group()
def command() -> None:
    """Make good what an incident did: plan, approve, give. Everybody gets everything exactly once."""


@command.command()
@INCIDENT
@click.option("--explanation", default="", help="What diners are told. Default: when it was.")
def plan(incident: int, explanation: str) -> None:
    """Plan amends for everybody who was hurt; gives nothing yet. Planned again, it adds who came to light since.

    \b
    Example:
      jwt-pizza incident amends plan 3 --explanation "Our factory was attacked."
    """
    click.echo(_said(ask("PUT", f"/api/incidents/{incident}/amends", Amends, {"explanation": explanation})))


@command.command()
@INCIDENT
def approve(incident: int) -> None:
    """Approve amends beyond the limit; for managers.

    \b
    Example:
      jwt-pizza incident amends approve 3
    """
    click.echo(_said(ask("POST", f"/api/incidents/{incident}/amends/approval", Amends)))


@command.command()
@INCIDENT
@click.option("--no-wait", is_flag=True, help="Return at once; the shop goes on.")
def give(incident: int, no_wait: bool) -> None:
    """Give what was planned, and watch how far it is. Interrupting this command interrupts only the watching.

    \b
    Example:
      jwt-pizza incident amends give 3
    """
    asyncio.run(_carry_out(incident, "execution", wait=not no_wait, clock=SystemClock()))


@command.command()
@INCIDENT
def retry(incident: int) -> None:
    """Try again what could not be given or sent.

    \b
    Example:
      jwt-pizza incident amends retry 3
    """
    asyncio.run(_carry_out(incident, "retry", wait=True, clock=SystemClock()))


@command.command()
@INCIDENT
def show(incident: int) -> None:
    """The plan, how far it is, and what failed.

    \b
    Example:
      jwt-pizza incident amends show 3
    """
    found = ask("GET", f"/api/incidents/{incident}/amends", Amends)
    click.echo(_said(found))
    if found.failures:
        for failure in ask("GET", f"/api/incidents/{incident}/amends/failures", list[Failure]):
            click.echo(f"  diner {failure.diner_id}: {failure.error}")


async def _carry_out(incident: int, verb: str, *, wait: bool, clock: Clock) -> None:
    async with asking(settings.load()) as ops:
        amends = await ops.ask("POST", f"/api/incidents/{incident}/amends/{verb}", Amends)
        if wait:
            amends = await _watched(ops, incident, amends, clock)
    click.echo(_said(amends))
    if amends.failures:
        click.echo(f"see `jwt-pizza incident amends show {incident}`, then `… retry {incident}`")


async def _watched(ops: Operator, incident: int, amends: Amends, clock: Clock) -> Amends:
    """Until everything was given, or cannot be."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console()) as progress:
        given = progress.add_task("diners", total=amends.diners)
        letters = progress.add_task("letters", total=amends.apologies or amends.diners)
        while True:
            progress.update(given, completed=amends.done + amends.failed, total=amends.diners)
            sent = amends.letters_sent + amends.letters_failed
            progress.update(letters, completed=sent, total=sent + amends.letters_waiting)
            if amends.over or amends.state in {"failed", "awaiting approval"}:
                return amends
            await clock.sleep(_LOOK)
            amends = await ops.ask("GET", f"/api/incidents/{incident}/amends", Amends)


def _said(amends: Amends) -> str:
    failed = f", {amends.failed} diners failed" if amends.failed else ""
    payouts = amends.payouts_sent + amends.payouts_waiting + amends.payouts_failed
    paid = f"{amends.payouts_sent} of {payouts} payouts made, " if payouts else ""
    unpaid = f", {amends.payouts_failed} payouts failed" if amends.payouts_failed else ""
    unsent = f", {amends.letters_failed} could not be sent" if amends.letters_failed else ""
    return (
        f"amends {amends.state}: {amends.done} of {amends.diners} diners, "
        f"{btc_text(amends.refunded)} of {btc_text(amends.refund)} refunded, {amends.vouchers} vouchers, "
        f"{paid}{amends.letters_sent} letters sent{unsent}{unpaid}{failed}"
    )
