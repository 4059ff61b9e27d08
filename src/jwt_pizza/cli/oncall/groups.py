"""`jwt-pizza oncall groups`"""

from urllib.parse import urlencode

import click
import msgspec
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.naming import whose
from jwt_pizza.ops.alerts.model import Alert, Group

GROUP = click.argument("group", type=click.IntRange(min=1))


class Found(msgspec.Struct, frozen=True):
    groups: list[Group]
    more: bool


class Line(msgspec.Struct, frozen=True):
    at: str
    text: str


class Story(msgspec.Struct, frozen=True):
    group: Group
    alerts: list[Alert]
    events: list[Line]


@click.group(invoke_without_command=True)
@click.option("--status", type=click.Choice(["open", "firing", "acknowledged", "resolved", "all"]), default="open")
@click.option("--severity", type=click.Choice(["critical", "warning", "info"]))
@click.option("--text", default="", help="In the title.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.pass_context
def command(context: click.Context, status: str, severity: str | None, text: str, limit: int) -> None:
    """Alert groups, the newest first; those that are open, if nothing else is said.

    \b
    Examples:
      jwt-pizza oncall groups
      jwt-pizza oncall groups --status all --severity critical
      jwt-pizza oncall groups show 17
      jwt-pizza oncall groups assign 17 3
    """
    if context.invoked_subcommand is not None:
        return
    query = {"status": "" if status == "all" else status, "severity": severity or "", "text": text, "limit": str(limit)}
    found = ask("GET", "/api/groups?" + urlencode({name: value for name, value in query.items() if value}), Found)
    if not found.groups:
        click.echo("nothing fires" if status == "open" else "no group fits")
        return
    table = Table("id", "severity", "status", "title", "firing", "since (UTC)", "by")
    by = whose({group.resolved_by or group.acknowledged_by for group in found.groups})
    for group in found.groups:
        table.add_row(
            str(group.id),
            group.severity,
            group.status if group.loud or group.status == "resolved" else f"{group.status}, muted",
            group.title,
            str(group.firing),
            f"{group.opened_at:%m-%d %H:%M:%S}",
            by[group.resolved_by or group.acknowledged_by],
        )
    Console(markup=False).print(table)
    if found.more:
        click.echo(f"there are more: --limit {min(limit * 2, 200)}")


@command.command()
@GROUP
def show(group: int) -> None:
    """A group with its alerts and all that happened.

    \b
    Example:
      jwt-pizza oncall groups show 17
    """
    story = ask("GET", f"/api/groups/{group}", Story)
    click.echo(said(story.group))
    alerts = Table("alert", "state", "since (UTC)", "from")
    for alert in story.alerts:
        labels = ", ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()))
        alerts.add_row(labels, alert.muted or alert.status, f"{alert.starts_at:%m-%d %H:%M:%S}", alert.source)
    events = Table("at (UTC)", "what")
    for event in story.events:
        events.add_row(event.at[5:19].replace("T", " "), event.text)
    Console(markup=False).print(alerts, events)


@command.command()
@GROUP
def unack(group: int) -> None:
    """Take an acknowledgement back: it pages again.

    \b
    Example:
      jwt-pizza oncall groups unack 17
    """
    click.echo(said(ask("DELETE", f"/api/groups/{group}/acknowledgement", Group)))


@command.command()
@GROUP
def escalate(group: int) -> None:
    """Take the next step of the escalation now.

    \b
    Example:
      jwt-pizza oncall groups escalate 17
    """
    click.echo(said(ask("POST", f"/api/groups/{group}/escalation", Group)))


@command.command()
@GROUP
@click.argument("person", type=click.IntRange(min=1))
def assign(group: int, person: int) -> None:
    """Page this person in place of the chain, until it is acknowledged.

    \b
    Example:
      jwt-pizza oncall groups assign 17 3
    """
    click.echo(said(ask("POST", f"/api/groups/{group}/assignment", Group, {"personId": person})))


def said(group: Group) -> str:
    """One line about a group."""
    if group.status == "resolved":
        state = f"resolved by {whose({group.resolved_by})[group.resolved_by]}"
    elif group.status == "acknowledged":
        state = f"acknowledged by {whose({group.acknowledged_by})[group.acknowledged_by]}"
    elif group.next_action_at is None:
        state = "firing, pages nobody"
    else:
        state = f"firing, goes on at {group.next_action_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"group {group.id} ({group.severity}) {group.title}: {state}"
