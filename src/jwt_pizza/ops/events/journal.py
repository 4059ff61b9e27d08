"""The rows of the log; appends within somebody else's transaction: a change and its event are one commit."""

from collections.abc import Sequence
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Connection, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events.model import AnyFact, Event, Recorded

SQL: Final = Queries(__package__)
_decode: Final = msgspec.json.Decoder(AnyFact).decode
_encode: Final = msgspec.json.Encoder().encode


async def append(connection: Connection, events: Sequence[Event]) -> None:
    if not events:
        return
    at = events[0].at
    if all(event.at == at and event.key is None and event.incident_id is None for event in events):
        # What a batch of alerts comes to. To encode a column of dates, or of nothing, takes as long as the rest.
        _, kinds, actors, group_ids, data, _, _ = columns(events)
        await connection.execute(SQL["append_plain"], at, kinds, actors, group_ids, data)
    else:
        await connection.execute(SQL["append"], *columns(events))


def columns(events: Sequence[Event]) -> tuple[list[object], ...]:
    """The arguments of the statement `append`."""
    data: list[object] = [_storable(_encode(event.fact)) for event in events]
    return (
        [event.at for event in events],
        [str(event.fact.__struct_config__.tag) for event in events],
        [event.actor for event in events],
        [event.group_id for event in events],
        data,
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


def _storable(encoded: bytes) -> str:
    """JSON as PostgreSQL's jsonb takes it: without the character NUL, which no text there can hold."""
    return encoded.decode().replace("\\u0000", "\ufffd")
