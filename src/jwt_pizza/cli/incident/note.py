"""`jwt-pizza incident note`"""

import sys

import click

from jwt_pizza.cli.incident.words import INCIDENT, said
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.ops.incidents.model import Incident


@click.command()
@INCIDENT
@click.argument("text")
@click.option("--confirmation", "kind", flag_value="confirmation", help="Somebody looked, and it is so.")
@click.option("--command", "kind", flag_value="command", help="TEXT is a command that was run; --more its outcome.")
@click.option("--artefact", "kind", flag_value="artefact", help="TEXT names evidence; --more is its content.")
@click.option("--deployment", "kind", flag_value="deployment", help="TEXT was deployed; --more is its version.")
@click.option("--more", default="", help="- reads standard input.")
def command(incident: int, text: str, kind: str | None, more: str) -> None:
    """Add to the timeline of an incident.

    \b
    Examples:
      jwt-pizza incident note 3 "no computer at hand"
      jwt-pizza incident note 3 --confirmation "the metrics show that nobody is affected any more"
      jwt-pizza incident note 3 --command "systemctl restart shop" --more done
      curl -s https://shop/healthz | jwt-pizza incident note 3 --artefact "health of the shop" --more -
    """
    if more == "-":
        more = sys.stdin.read()
    body = {
        None: {"kind": "note", "text": f"{text}\n{more}" if more else text},
        "confirmation": {"kind": "confirmation", "text": text},
        "command": {"kind": "command", "command": text, "outcome": more},
        "artefact": {"kind": "artefact", "name": text, "content": more},
        "deployment": {"kind": "deployment", "what": text, "version": more},
    }[kind]
    click.echo(said(ask("POST", f"/api/incidents/{incident}/entries", Incident, body)))
