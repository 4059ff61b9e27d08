"""`jwt-pizza incident`: each command is a module of its own, imported when it is called."""

from typing import Final

import click

from jwt_pizza.cli.lazy import Lazy

COMMANDS: Final = {
    "list": "Incidents, the newest first.",
    "declare": "Declare an incident.",
    "show": "An incident with all that happened.",
    "acknowledge": "Somebody is at it: nobody is paged any more.",
    "mitigate": "The harm has stopped.",
    "resolve": "It is over.",
    "review": "What follows from it is agreed.",
    "run": "Run an action of a runbook.",
    "note": "Add to the timeline: notes, evidence, commands, deployments, confirmations.",
    "role": "Who decides, who tells, who writes down.",
    "severity": "How severe it is, by hand or as measured.",
    "link": "An alert group is part of it, or not.",
    "merge": "It is part of another one.",
    "follow-up": "What is to be done after it.",
    "impact": "Whom it hurt, and by how much.",
    "report": "What happened, written from the log.",
    "update": "Tell customers: status page, feeds, mail.",
    "amends": "Make it good: plan, approve, give, retry.",
}


@click.command(cls=Lazy, package=__name__, lines=COMMANDS)
def command() -> None:
    """Incidents, whom they hurt, and how that is made good.

    \b
    Talks to ops at JWT_PIZZA_OPS_URL. It logs in through the database of ops, or with JWT_PIZZA_ONCALL_TOKEN.
    """
