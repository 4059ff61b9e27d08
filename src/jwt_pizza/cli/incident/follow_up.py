"""`jwt-pizza incident follow-up`"""

from datetime import datetime

import click

from jwt_pizza.cli.incident.words import INCIDENT
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.naming import person_id
from jwt_pizza.ops.incidents.model import FollowUp


@click.group()
def command() -> None:
    """What is to be done so that it does not happen again."""


@command.command()
@INCIDENT
@click.argument("text")
@click.option("--owner", help="A number, a mail address or a name.")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help="A day.")
def add(incident: int, text: str, owner: str | None, due: datetime | None) -> None:
    """Add something to be done.

    \b
    Example:
      jwt-pizza incident follow-up add 3 "Move the factory into the backend" --owner ada@example.com --due 2025-05-01
    """
    body = {
        "text": text,
        "ownerId": person_id(owner) if owner else None,
        "dueOn": due.date().isoformat() if due else None,
    }
    click.echo(_said(ask("POST", f"/api/incidents/{incident}/follow-ups", FollowUp, body)))


@command.command()
@click.argument("follow_up", metavar="ID", type=click.IntRange(min=1))
@click.argument("state", type=click.Choice(["done", "dropped", "open"]))
def close(follow_up: int, state: str) -> None:
    """Say that it is done, dropped, or open again.

    \b
    Example:
      jwt-pizza incident follow-up close 7 done
    """
    click.echo(_said(ask("PUT", f"/api/follow-ups/{follow_up}", FollowUp, {"state": state})))


def _said(follow_up: FollowUp) -> str:
    until = f", until {follow_up.due_on}" if follow_up.due_on else ""
    return f"follow-up {follow_up.id} of incident {follow_up.incident_id}, {follow_up.state}: {follow_up.text}{until}"
