"""`jwt-pizza oncall chains`"""

from typing import BinaryIO

import click
import msgspec
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.chains.model import Chain, Draft
from jwt_pizza.web.api import Message

_ID = click.argument("chain_id", type=click.IntRange(1), metavar="CHAIN")
_FILE = click.argument("file", type=click.File("rb"))


@click.group()
def command() -> None:
    """Escalation chains: what is done, one step after the other, until somebody acknowledges."""


@command.command("list")
def list_() -> None:
    """All chains.

    \b
    Example:
      jwt-pizza oncall chains list
    """
    table = Table("id", "name", "team", "steps")
    for chain in ask("GET", "/api/chains", list[Chain]):
        kinds = " → ".join(str(step.__struct_config__.tag) for step in chain.steps)
        table.add_row(str(chain.id), chain.name, str(chain.team_id), kinds)
    Console(markup=False).print(table)


@command.command()
@_ID
def show(chain_id: int) -> None:
    """A chain as JSON, in the form that `add` and `change` read.

    \b
    Example:
      jwt-pizza oncall chains show 1 > chain.json
    """
    chain = ask("GET", f"/api/chains/{chain_id}", Chain)
    draft = Draft(team_id=chain.team_id, name=chain.name, steps=chain.steps)
    click.echo(msgspec.json.format(msgspec.json.encode(draft), indent=2))


@command.command()
@_FILE
def add(file: BinaryIO) -> None:
    """Add the chain that FILE has as JSON; `-` reads it from standard input.

    \b
    Example:
      jwt-pizza oncall chains add chain.json
    """
    chain = ask("POST", "/api/chains", Chain, _draft(file))
    click.echo(f"chain {chain.id} added")


@command.command()
@_ID
@_FILE
def change(chain_id: int, file: BinaryIO) -> None:
    """Replace a chain. Groups that escalate already keep the steps that they began with.

    \b
    Example:
      jwt-pizza oncall chains change 1 chain.json
    """
    chain = ask("PUT", f"/api/chains/{chain_id}", Chain, _draft(file))
    click.echo(f"chain {chain.id} changed")


@command.command()
@_ID
def remove(chain_id: int) -> None:
    """Remove a chain that no route leads to.

    \b
    Example:
      jwt-pizza oncall chains remove 2
    """
    click.echo(ask("DELETE", f"/api/chains/{chain_id}", Message).message)


def _draft(file: BinaryIO) -> Draft:
    try:
        return msgspec.json.decode(file.read(), type=Draft)
    except msgspec.MsgspecError as error:
        raise Invalid(f"{file.name} is no chain: {error}") from None
