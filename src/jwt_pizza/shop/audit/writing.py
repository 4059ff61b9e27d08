"""Stores write what is done into the log, in the transaction that does it."""

from typing import Final

from jwt_pizza.kit.lease import Connection
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.audit.model import Entry

_SQL: Final = Queries(__package__)


async def write(connection: Connection, entry: Entry | None) -> None:
    """None: it is nobody's deed, as in a demo's data."""
    if entry is not None:
        values = (entry.actor_id, entry.at, entry.verb, entry.subject, entry.about)
        await connection.execute(_SQL["write"], *values)
