"""`jwt-pizza oncall`: everything on-call. Each command is a module of its own, imported when it is called."""

import importlib
from typing import Final

import click

COMMANDS: Final = {
    "who": "Who is on call now, and who next.",
    "schedules": "Rotations, shifts, gaps, calendars.",
    "override": "Swaps: somebody too, somebody not, somebody instead.",
    "coverage": "Whether everybody would be reached in the coming nights.",
    "groups": "Alert groups: what fires, and all that happened.",
    "ack": "Acknowledge a group: quiet.",
    "resolve": "Resolve a group.",
    "silence": "Silence a group for a time, or whatever fits matchers.",
    "routes": "Which alerts go to which escalation chain.",
    "heartbeat": "Who must say something how often.",
    "people": "Who is in the roster, and how they are reached.",
    "chains": "Escalation chains.",
    "pages": "What was sent about an alert group.",
    "test-page": "Send a test page to somebody.",
    "stats": "How long it took, and whom it woke.",
}
"""Of each module its line in the help. The module's `command` is what runs; `-` in a name is `_` in the module's."""


class Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"jwt_pizza.cli.oncall.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Lazy)
def command() -> None:
    """Who is on call, who is paged, and what they do about it.

    \b
    Talks to ops at JWT_PIZZA_OPS_URL. It logs in through the database of ops, or with JWT_PIZZA_ONCALL_TOKEN.
    """
