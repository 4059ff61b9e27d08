"""`jwt-pizza oncall silence`"""

import click
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.durations import DURATION
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.groups import GROUP, said
from jwt_pizza.ops.alerts.model import Group
from jwt_pizza.ops.routing.matching import parsed
from jwt_pizza.ops.routing.model import Silence

_FOR = click.option("--for", "seconds", type=DURATION, required=True, help="Such as 30m or 2h.")


@click.group()
def command() -> None:
    """Page nobody for a time: about one group, or about all alerts that fit matchers."""


@command.command()
@GROUP
@_FOR
def group(group: int, seconds: float) -> None:
    """Silence a group; afterwards its escalation goes on.

    \b
    Example:
      jwt-pizza oncall silence group 17 --for 30m
    """
    click.echo(said(ask("POST", f"/api/groups/{group}/silence", Group, {"seconds": seconds})))


@command.command()
@click.argument("matchers")
@_FOR
@click.option("--maintenance", is_flag=True, help="Also stop what pages already.")
@click.option("--comment", default="", help="Why.")
def add(matchers: str, seconds: float, maintenance: bool, comment: str) -> None:
    """Silence all alerts that fit; a maintenance window also stops what pages already.

    \b
    Examples:
      jwt-pizza oncall silence add 'service="shop"' --for 1h --comment deploy
      jwt-pizza oncall silence add 'instance=~"db.*",severity!="critical"' --for 2h --maintenance
    """
    plan = {
        "kind": "maintenance" if maintenance else "silence",
        "matchers": parsed(matchers),
        "seconds": seconds,
        "comment": comment,
    }
    made = ask("POST", "/api/silences", Silence, plan)
    click.echo(f"{made.kind} {made.id} lasts until {made.ends_at:%Y-%m-%d %H:%M:%S} UTC")


@command.command("list")
@click.option("--ended", is_flag=True, help="Also those that are over.")
def list_(ended: bool) -> None:
    """Silences and maintenance windows.

    \b
    Example:
      jwt-pizza oncall silence list
    """
    table = Table("id", "kind", "matchers", "from (UTC)", "until", "by", "comment")
    for silence in ask("GET", f"/api/silences?ended={'true' if ended else 'false'}", list[Silence]):
        table.add_row(
            str(silence.id),
            silence.kind,
            ", ".join(map(str, silence.matchers)),
            f"{silence.starts_at:%m-%d %H:%M}",
            f"{silence.ended_at or silence.ends_at:%m-%d %H:%M}",
            silence.created_by,
            silence.comment,
        )
    Console(markup=False).print(table)


@command.command()
@click.argument("silence", type=click.IntRange(min=1))
def end(silence: int) -> None:
    """End a silence before its time: what still fires pages.

    \b
    Example:
      jwt-pizza oncall silence end 4
    """
    ended = ask("DELETE", f"/api/silences/{silence}", Silence)
    click.echo(f"{ended.kind} {ended.id} is over")
