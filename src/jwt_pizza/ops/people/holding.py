"""What stores do within a transaction of theirs: hold people, and note who changed what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kit.postgres import Connection, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events.journal import append
from jwt_pizza.ops.events.model import Changed, Event
from jwt_pizza.ops.people.model import Person

SQL: Final = Queries(__package__)


async def hold_people(connection: Connection, person_ids: Sequence[int]) -> None:
    """Until the transaction ends nobody removes them. Raises Invalid when one is not there."""
    held = {row["id"] for row in await connection.fetch(SQL["lock_people"], sorted(set(person_ids)))}
    for person_id in person_ids:
        if person_id not in held:
            raise Invalid(f"there is no person {person_id}")


async def note(connection: Connection, by: str, at: datetime, what: str, change: str) -> None:
    await append(connection, [Event(at=at, actor=by, fact=Changed(what=what, change=change))])


def person_of(row: Row) -> Person:
    return Person(id=row["id"], name=row["name"], email=row["email"], role=row["role"], time_zone=row["time_zone"])
