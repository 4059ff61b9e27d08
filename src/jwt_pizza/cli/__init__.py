"""The `jwt-pizza` command. Each command is a module that is imported when it is called."""

import sys
from typing import Final

import click

from jwt_pizza.cli.lazy import Lazy

COMMANDS: Final = {
    "up": "Run everything on this machine, on an embedded PostgreSQL.",
    "serve": "Run one deployable: shop, factory or ops.",
    "migrate": "Bring the database to this version.",
    "admin": "Administrators.",
    "vendor": "Vendors of the factory.",
    "chaos": "Attack the running factory, and end attacks.",
    "keys": "The keys that pizzas are signed with.",
    "ledger": "The books.",
    "oncall": "Who is on call, who is paged, and what they do about it.",
    "incident": "Incidents, whom they hurt, and how that is made good.",
    "traffic": "Send realistic load to a running shop.",
    "connections": "Who holds which database connection.",
    "drill": "Practise an incident: as it was, and as it is built.",
    "bench": "Measure the system against PostgreSQL's own limit.",
}


@click.command(
    cls=Lazy,
    package=__name__,
    lines=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="jwt-pizza")
def group() -> None:
    """Order pizzas, pay in bitcoin, receive each one as a signed JWT.

    \b
    Start with:
      jwt-pizza up                 everything on http://127.0.0.1:3000, with demo data
      jwt-pizza COMMAND --help     what a command does, with examples
    """


def main() -> None:
    try:
        group(prog_name="jwt-pizza")
    except Exception as error:
        from jwt_pizza.cli.failures import explain  # noqa: PLC0415 - only a failure pays for these imports

        message = explain(error)
        if message is None:
            raise
        click.echo(f"jwt-pizza: {message}", err=True)
        sys.exit(1)
