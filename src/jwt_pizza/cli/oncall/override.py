"""`jwt-pizza oncall override`"""

from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.moments import MOMENT, shown
from jwt_pizza.cli.oncall.naming import person_id, schedule_id
from jwt_pizza.kernel.clock import iso
from jwt_pizza.ops.schedules.cards import OverrideCard, ScheduleCard, Who
from jwt_pizza.web.api import Message


@click.group()
def command() -> None:
    """Swaps: somebody too, somebody not, somebody instead."""


@command.command()
@click.argument("schedule")
@click.option("--from", "starts", type=MOMENT, required=True, help="As in 2026-06-05T16:00Z.")
@click.option("--until", "ends", type=MOMENT, required=True)
@click.option("--person", help="Who is on call then.")
@click.option("--instead-of", "replaces", help="Whom they replace; `all` for whoever it is.")
def add(schedule: str, starts: datetime, ends: datetime, person: str | None, replaces: str | None) -> None:
    """Put somebody on call, take somebody out, or both.

    \b
    Examples:
      jwt-pizza oncall override add primary --from 2026-06-05T16:00Z --until 2026-06-05T22:00Z --person ada
      jwt-pizza oncall override add primary --from … --until … --person ada --instead-of grace
      jwt-pizza oncall override add primary --from … --until … --person ada --instead-of all
      jwt-pizza oncall override add primary --from … --until … --instead-of grace
    """
    if person is None and replaces in {None, "all"}:
        raise click.UsageError("say who is on call with --person, or who is not with --instead-of")
    kind = "add" if replaces is None else "remove" if person is None else "replace"
    body: dict[str, object] = {"kind": kind, "starts": iso(starts), "ends": iso(ends)}
    if person is not None:
        body["personId"] = person_id(person)
    if replaces not in {None, "all"}:
        body["replacesId"] = person_id(str(replaces))
    added = ask("POST", f"/api/schedules/{schedule_id(schedule)}/overrides", OverrideCard, body)
    click.echo(f"override {added.id} is made")


@command.command("list")
@click.argument("schedule", required=False)
def list_(schedule: str | None) -> None:
    """Overrides that are not over.

    \b
    Example:
      jwt-pizza oncall override list primary
    """
    wanted = schedule_id(schedule) if schedule else None
    table = Table("id", "schedule", "from", "until", "on call", "instead of", "made by")
    for found in ask("GET", "/api/schedules", list[ScheduleCard]):
        for override in found.overrides if wanted in {None, found.id} else ():
            table.add_row(
                str(override.id),
                found.name,
                shown(override.starts, found.time_zone),
                shown(override.ends, found.time_zone),
                _name(override.person),
                "whoever it is" if override.kind == "replace" and not override.replaces else _name(override.replaces),
                _name(override.created_by),
            )
    Console(markup=False).print(table)


@command.command()
@click.argument("override", type=int)
def remove(override: int) -> None:
    """Take an override back.

    \b
    Example:
      jwt-pizza oncall override remove 4
    """
    click.echo(ask("DELETE", f"/api/overrides/{override}", Message).message)


def _name(who: Who | None) -> str:
    return who.name if who else ""
