"""`jwt-pizza oncall`: everything on-call. Each command is a module of its own, imported when it is called."""

from typing import Final

import click

from jwt_pizza.cli.lazy import Lazy

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
    "audit": "What was changed, what people did, who was not believed.",
}


@click.command(cls=Lazy, package=__name__, lines=COMMANDS)
def command() -> None:
    """Who is on call, who is paged, and what they do about it.

    \b
    Talks to ops at JWT_PIZZA_OPS_URL. It logs in through the database of ops, or with JWT_PIZZA_ONCALL_TOKEN.
    """
