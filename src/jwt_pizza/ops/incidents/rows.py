"""Rows of incidents, as they are read and written."""

from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Connection, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.incidents.model import Amends, FollowUp, Impact, Incident, Role

SQL: Final = Queries(__package__)
_impact: Final = msgspec.json.Decoder(Impact).decode
_amends: Final = msgspec.json.Decoder(Amends).decode
_roles: Final = msgspec.json.Decoder(dict[Role, int]).decode


def incident_of(row: Row) -> Incident:
    return Incident(
        id=row["id"],
        title=row["title"],
        severity=row["severity"],
        severity_by_hand=row["severity_by_hand"],
        state=row["state"],
        started_at=row["started_at"],
        declared_at=row["declared_at"],
        declared_by=row["declared_by"],
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=row["acknowledged_by"],
        mitigated_at=row["mitigated_at"],
        resolved_at=row["resolved_at"],
        reviewed_at=row["reviewed_at"],
        merged_into=row["merged_into"],
        groups=tuple(row["groups"]),
        roles=_roles(row["roles"]),
        impact=_impact(row["impact"]) if row["impact"] else None,
        measured_at=row["measured_at"],
        amends=_amends(row["amends"]) if row["amends"] else None,
    )


def follow_up_of(row: Row | None) -> FollowUp:
    if row is None:
        raise LookupError("a follow-up that was written is gone")
    return FollowUp(
        id=row["id"],
        incident_id=row["incident_id"],
        text=row["text"],
        owner_id=row["owner_id"],
        due_on=row["due_on"],
        state=row["state"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        closed_at=row["closed_at"],
    )


async def write(connection: Connection, incident: Incident, *, look_at: datetime | None) -> None:
    """State, times, title and severity of a row that is locked."""
    await connection.execute(
        SQL["write"],
        incident.id,
        incident.title,
        incident.severity,
        incident.severity_by_hand,
        incident.state,
        incident.started_at,
        incident.acknowledged_at,
        incident.acknowledged_by,
        incident.mitigated_at,
        incident.resolved_at,
        incident.reviewed_at,
        incident.merged_into,
        look_at,
    )


def number_of(actor: str) -> int | None:
    """Of `person:3`."""
    kind, _, number = actor.partition(":")
    return int(number) if kind == "person" and number.isdecimal() else None
