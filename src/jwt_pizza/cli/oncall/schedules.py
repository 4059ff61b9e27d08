"""`jwt-pizza oncall schedules`"""

from datetime import datetime
from operator import itemgetter
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.moments import MOMENT, query, shown
from jwt_pizza.cli.oncall.naming import schedule_id
from jwt_pizza.ops.schedules.cards import Feed, History, ScheduleCard, Shifts
from jwt_pizza.web.api import Message

_WHICH = click.argument("which", metavar="SCHEDULE")


@click.group()
def command() -> None:
    """Schedules: rotations in layers, shifts, gaps, calendars. SCHEDULE is a number or a name."""


@command.command("list")
def list_() -> None:
    """All schedules.

    \b
    Example:
      jwt-pizza oncall schedules list
    """
    table = Table("id", "schedule", "time zone", "kept", "coming overrides")
    for schedule in ask("GET", "/api/schedules", list[ScheduleCard]):
        kept = f"{len(schedule.layers)} layers"
        if schedule.calendar is not None:
            kept = f"{schedule.calendar.url} {schedule.calendar.error or ''}"
        table.add_row(str(schedule.id), schedule.name, schedule.time_zone, kept, str(len(schedule.overrides)))
    Console(markup=False).print(table)


@command.command("shifts")
@_WHICH
@click.option("--since", type=MOMENT, help="Default: now.")
@click.option("--until", type=MOMENT, help="Default: two weeks later.")
def show_shifts(which: str, since: datetime | None, until: datetime | None) -> None:
    """Who is on call when, and when nobody is.

    \b
    Example:
      jwt-pizza oncall schedules shifts primary --until 2026-12-31T00:00Z
    """
    found = ask("GET", f"/api/schedules/{schedule_id(which)}/shifts{query(since=since, until=until)}", Shifts)
    rows = [(shift.starts, shift.ends, Text(shift.person.name)) for shift in found.shifts]
    rows += [(gap.starts, gap.ends, Text("nobody", style="bold red")) for gap in found.gaps]
    table = Table("from", "until", "on call")
    for starts, ends, who in sorted(rows, key=itemgetter(0)):
        table.add_row(shown(starts, found.time_zone), shown(ends, found.time_zone), who)
    Console(markup=False).print(table)


@command.command("history")
@_WHICH
@click.option("--since", type=MOMENT, help="Default: two weeks ago.")
@click.option("--until", type=MOMENT, help="Default: now.")
def show_history(which: str, since: datetime | None, until: datetime | None) -> None:
    """Who was on call, as it was then, whatever was changed later.

    \b
    Example:
      jwt-pizza oncall schedules history primary
    """
    found = ask("GET", f"/api/schedules/{schedule_id(which)}/history{query(since=since, until=until)}", History)
    table = Table("from", "on call")
    for standing in found.standings:
        table.add_row(shown(standing.at, "UTC"), ", ".join(person.name for person in standing.people) or "nobody")
    Console(markup=False).print(table)


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add(file: Path) -> None:
    """Add a schedule that a JSON file describes, in the form of POST /api/schedules.

    \b
    Example:
      jwt-pizza oncall schedules add primary.json
    """
    added = ask("POST", "/api/schedules", ScheduleCard, _described(file))
    click.echo(f"{added.name} is schedule {added.id}")


@command.command()
@_WHICH
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def change(which: str, file: Path) -> None:
    """Change what a JSON file holds, in the form of PUT /api/schedules/ID.

    \b
    Example:
      jwt-pizza oncall schedules change primary primary.json
    """
    changed = ask("PUT", f"/api/schedules/{schedule_id(which)}", ScheduleCard, _described(file))
    click.echo(f"{changed.name} is changed")


@command.command()
@_WHICH
def remove(which: str) -> None:
    """Remove a schedule that no chain names any more.

    \b
    Example:
      jwt-pizza oncall schedules remove primary
    """
    click.echo(ask("DELETE", f"/api/schedules/{schedule_id(which)}", Message).message)


@command.command()
@_WHICH
@click.option("--renew", is_flag=True, help="Make a new address; the old one is void.")
def feed(which: str, renew: bool) -> None:
    """The secret path of a schedule's calendar, below the address of ops.

    \b
    Example:
      jwt-pizza oncall schedules feed primary
    """
    number = schedule_id(which)
    if renew:
        click.echo(ask("POST", f"/api/schedules/{number}/feed", Feed).feed)
    else:
        click.echo(ask("GET", f"/api/schedules/{number}", ScheduleCard).feed)


def _described(file: Path) -> object:
    try:
        return msgspec.json.decode(file.read_bytes())
    except msgspec.MsgspecError as error:
        raise click.UsageError(f"{file} is no JSON: {error}") from None
