"""`jwt-pizza incident show`"""

import click
import msgspec
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.incidents.model import FollowUp, Incident
from jwt_pizza.ops.incidents.runbooks import Offer


class Line(msgspec.Struct, frozen=True):
    at: str
    text: str


class Story(msgspec.Struct, frozen=True, rename="camel"):
    incident: Incident
    follow_ups: list[FollowUp]
    actions: list[Offer]
    events: list[Line]


@click.command()
@INCIDENT
def command(incident: int) -> None:
    """An incident with its timeline, its follow-ups, and what its runbooks can do.

    \b
    Example:
      jwt-pizza incident show 3
    """
    story = ask("GET", f"/api/incidents/{incident}", Story)
    click.echo(said(story.incident))
    roles = ", ".join(f"{role} {person}" for role, person in story.incident.roles.items())
    if roles:
        click.echo(f"roles: {roles}")
    console = Console(markup=False)
    if story.follow_ups:
        table = Table("id", "to be done", "owner", "until", "state")
        for each in story.follow_ups:
            table.add_row(str(each.id), each.text, str(each.owner_id or ""), str(each.due_on or ""), each.state)
        console.print(table)
    events = Table("at (UTC)", "what")
    for event in story.events:
        events.add_row(event.at[5:19].replace("T", " "), event.text)
    console.print(events)
    if story.incident.open:
        named = [offer.action for offer in story.actions if offer.suggested] or [each.action for each in story.actions]
        click.echo(f"jwt-pizza incident run {incident} {'|'.join(named)}")
