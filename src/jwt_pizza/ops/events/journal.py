"""The rows of the log; appends within somebody else's transaction: a change and its event are one commit."""

from collections.abc import Sequence
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Connection, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events.model import AnyFact, Event, Recorded

SQL: Final = Queries(__package__)
_MANY: Final = 16
"""From so many on COPY is quicker, for all that it must be prepared each time."""
_COLUMNS: Final = ("at", "kind", "actor", "group_id", "data", "incident_id")
_decode: Final = msgspec.json.Decoder(AnyFact).decode
_encode: Final = msgspec.json.Encoder().encode


async def append(connection: Connection, events: Sequence[Event]) -> None:
    if len(events) >= _MANY and all(event.key is None for event in events):
        records = [
            (event.at, _kind(event), event.actor, event.group_id, _data(event), event.incident_id) for event in events
        ]
        await connection.copy_records_to_table("events", schema_name="ops", columns=_COLUMNS, records=records)
    elif events:
        await connection.execute(SQL["append"], *columns(events))


def columns(events: Sequence[Event]) -> tuple[list[object], ...]:
    """The arguments of the statement `append`."""
    return (
        [event.at for event in events],
        [_kind(event) for event in events],
        [event.actor for event in events],
        [event.group_id for event in events],
        [_data(event) for event in events],
        [event.key for event in events],
        [event.incident_id for event in events],
    )


def recorded(row: Row) -> Recorded:
    return Recorded(
        id=row["id"],
        at=row["at"],
        fact=_decode(row["data"]),
        actor=row["actor"],
        group_id=row["group_id"],
        incident_id=row["incident_id"],
        key=row["key"],
    )


def _kind(event: Event) -> str:
    return str(event.fact.__struct_config__.tag)


def _data(event: Event) -> str:
    """JSON as PostgreSQL's jsonb takes it: without the character NUL, which no text there can hold."""
    return _encode(event.fact).decode().replace("\\u0000", "\ufffd")
