"""What the commands on incidents share."""

from typing import Final

import click

from jwt_pizza.kernel.clock import iso
from jwt_pizza.ops.incidents.model import Incident

INCIDENT: Final = click.argument("incident", type=click.IntRange(min=1))


def said(incident: Incident) -> str:
    """One line about an incident."""
    where = f"merged into {incident.merged_into}" if incident.merged_into else incident.state
    since = iso(incident.started_at)[:19].replace("T", " ")
    return f"incident {incident.id} ({incident.severity}) {incident.title}: {where}, since {since} UTC"
