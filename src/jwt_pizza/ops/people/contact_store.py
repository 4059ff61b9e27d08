"""Contacts, their codes, and rules in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.ops.people.holding import SQL, note
from jwt_pizza.ops.people.model import Channel, Contact, NotificationRule

_MOST: Final = 20
_APART: Final = {"default": 120.0, "important": 0.0}
"""Seconds between the rules that new contacts get: the next one when the one before brought nobody, or all at once."""


class PostgresContacts:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def get(self, contact_id: int) -> Contact:
        row = await self._postgres.fetchrow("contacts.get", SQL["contact"], contact_id)
        if row is None:
            raise NotFound("unknown contact")
        return _contact(row)

    async def add(self, person_id: int, channel: Channel, address: str, *, by: str, at: datetime) -> Contact:
        async with self._postgres.lease("contacts.add") as connection, connection.transaction():
            await _lock(connection, person_id)
            if await connection.fetchval(SQL["count_contacts"], person_id) >= _MOST:
                raise Conflict(f"a person has at most {_MOST} contacts: remove one first")
            row = await connection.fetchrow(SQL["add_contact"], person_id, channel, address, at)
            if row is None:
                raise Conflict("they have this contact already")
            for importance, apart in _APART.items():
                await connection.execute(SQL["append_rule"], person_id, importance, row["id"], apart)
            await note(connection, by, at, f"person:{person_id}", f"contact {row['id']} added ({channel})")
        return _contact(row)

    async def remove(self, contact_id: int, *, by: str, at: datetime) -> None:
        async with self._postgres.lease("contacts.remove") as connection, connection.transaction():
            person_id = await connection.fetchval(SQL["remove_contact"], contact_id, at)
            if person_id is None:
                raise NotFound("unknown contact")
            await connection.execute(SQL["remove_rules_with"], contact_id)
            await note(connection, by, at, f"person:{person_id}", f"contact {contact_id} removed")

    async def put_code(self, contact_id: int, code_hash: bytes, expires_at: datetime) -> None:
        await self._postgres.execute("contacts.put_code", SQL["put_code"], contact_id, code_hash, expires_at)

    async def use_code(self, contact_id: int, code_hash: bytes, tries: int, *, by: str, at: datetime) -> bool:
        async with self._postgres.lease("contacts.use_code") as connection, connection.transaction():
            row = await connection.fetchrow(SQL["use_code"], contact_id, code_hash, tries, at)
            if row is None or not row["verified"]:
                return False
            await note(connection, by, at, f"person:{row['person_id']}", f"contact {contact_id} verified")
        return True

    async def set_rules(
        self,
        person_id: int,
        default: Sequence[NotificationRule],
        important: Sequence[NotificationRule],
        *,
        by: str,
        at: datetime,
    ) -> None:
        used = sorted({rule.contact_id for rule in (*default, *important)})
        async with self._postgres.lease("contacts.set_rules") as connection, connection.transaction():
            await _lock(connection, person_id)
            theirs = {row["id"] for row in await connection.fetch(SQL["theirs"], person_id, used)}
            for contact_id in used:
                if contact_id not in theirs:
                    raise Invalid(f"they have no contact {contact_id}")
            await connection.execute(SQL["remove_rules_of"], person_id)
            for importance, rules in (("default", default), ("important", important)):
                columns = [rule.contact_id for rule in rules], [rule.delay for rule in rules]
                await connection.execute(SQL["add_rules"], person_id, importance, *columns)
            await note(connection, by, at, f"person:{person_id}", "notification rules changed")


async def _lock(connection: Connection, person_id: int) -> None:
    if await connection.fetchrow(SQL["lock_person"], person_id) is None:
        raise NotFound("unknown person")


def _contact(row: Row) -> Contact:
    return Contact(
        id=row["id"],
        person_id=row["person_id"],
        channel=row["channel"],
        address=row["address"],
        verified=row["verified"],
        opted_out=row["opted_out"],
    )
