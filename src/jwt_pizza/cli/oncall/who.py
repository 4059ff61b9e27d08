"""`jwt-pizza oncall who`"""

import asyncio
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jwt_pizza.cli.oncall.asking import asking
from jwt_pizza.cli.oncall.moments import MOMENT, query, shown
from jwt_pizza.kit import settings
from jwt_pizza.ops.people.cards import PersonCard
from jwt_pizza.ops.schedules.cards import OnCallCard, Who


@click.command()
@click.option("--at", type=MOMENT, help="At another time than now, as in 2026-06-05T05:14Z.")
def command(at: datetime | None) -> None:
    """Who is on call now, and who next. Times are in the zone of whoever they concern, and in UTC.

    \b
    Examples:
      jwt-pizza oncall who
      jwt-pizza oncall who --at 2026-12-24T18:00Z
    """

    async def read() -> tuple[list[OnCallCard], list[PersonCard]]:
        async with asking(settings.load()) as ops:
            standings = await ops.ask("GET", f"/api/oncall{query(at=at)}", list[OnCallCard])
            return standings, await ops.ask("GET", "/api/people", list[PersonCard])

    standings, people = asyncio.run(read())
    if not standings:
        click.echo("there are no schedules")
        return
    zones = {person.id: person.time_zone for person in people}
    table = Table("schedule", "on call", "until", "then")
    for standing in standings:
        following = standing.next
        until = "for more than a year"
        if following is not None:
            zone = _zone(standing.now or following.people, zones) or standing.time_zone
            until = shown(following.at, zone)
        table.add_row(standing.schedule, _names(standing.now), until, _names(following.people) if following else "")
    Console(markup=False).print(table)


def _names(people: tuple[Who, ...]) -> Text:
    return Text(", ".join(person.name for person in people)) if people else Text("nobody", style="bold red")


def _zone(people: tuple[Who, ...], zones: dict[int, str]) -> str | None:
    return next((zones[person.id] for person in people if person.id in zones), None)
