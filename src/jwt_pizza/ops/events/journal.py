"""Appends to the log within somebody else's transaction: a change and its event are one commit."""

from collections.abc import Sequence
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Connection
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events.model import Event

SQL: Final = Queries(__package__)
_encode: Final = msgspec.json.Encoder().encode


async def append(connection: Connection, events: Sequence[Event]) -> None:
    if events:
        await connection.execute(SQL["append"], *columns(events))


def columns(events: Sequence[Event]) -> tuple[list[object], ...]:
    """The arguments of the statement `append`."""
    data: list[object] = [_encode(event.fact).decode() for event in events]
    return (
        [event.at for event in events],
        [str(event.fact.__struct_config__.tag) for event in events],
        [event.actor for event in events],
        [event.group_id for event in events],
        data,
        [event.key for event in events],
    )
