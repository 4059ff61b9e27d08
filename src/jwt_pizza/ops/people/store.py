"""The roster, logins and limits in PostgreSQL. Contacts are in `contact_store`."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import asyncpg
import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, NotFound, Unauthorized, Unavailable
from jwt_pizza.kit.batching import Batch, Full
from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.ops.people.holding import SQL, hold_people, note, person_of
from jwt_pizza.ops.people.model import (
    Change,
    Contact,
    Credentials,
    Draft,
    Importance,
    Naming,
    NotificationRule,
    Person,
    Reachable,
    Roster,
    Team,
)

_TAKEN: Final = "somebody with that email exists already"


class _RuleOf(msgspec.Struct, frozen=True):
    person_id: int
    importance: Importance
    contact_id: int
    delay: float


class PostgresPeople:
    def __init__(self, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock

    async def anybody(self) -> bool:
        return bool(await self._postgres.fetchval("people.anybody", SQL["anybody"]))

    async def roster(self) -> Roster:
        row = await self._postgres.fetchrow("people.roster", SQL["roster"])
        if row is None:
            raise LookupError("a select without a table returned nothing")
        return _roster(row)

    async def by_phone(self, address: str) -> Sequence[Person]:
        return [person_of(row) for row in await self._postgres.fetch("contacts.by_phone", SQL["by_phone"], address)]

    async def opt_out(self, address: str, *, out: bool) -> int:
        now = self._clock.now()
        async with self._postgres.lease("contacts.opt_out") as connection, connection.transaction():
            rows = await connection.fetch(SQL["opt_out"], address, now if out else None)
            for row in rows:
                change = f"contact {row['id']} opted {'out' if out else 'in'}"
                await note(connection, f"person:{row['person_id']}", now, f"person:{row['person_id']}", change)
        return len(rows)

    async def credentials(self, email_key: str) -> Credentials | None:
        row = await self._postgres.fetchrow("people.credentials", SQL["by_email"], email_key)
        return Credentials(person_of(row), row["password_hash"]) if row else None

    async def add(self, draft: Draft, *, by: str, at: datetime) -> Person:
        key = text.email_key(draft.email) if draft.email else None
        token = secrets.token_urlsafe(24)
        async with self._postgres.lease("people.add") as connection, connection.transaction():
            row = await connection.fetchrow(
                SQL["add"],
                draft.name,
                draft.email,
                key,
                draft.password_hash,
                draft.role,
                draft.time_zone,
                token,
                at,
            )
            if row is None:
                raise Conflict(_TAKEN)
            await note(connection, by, at, f"person:{row['id']}", f"added as {draft.role}")
        return person_of(row)

    async def operator(self) -> int:
        """The id of the person that commands log in as."""
        token, now = secrets.token_urlsafe(24), self._clock.now()
        return int(await self._postgres.fetchval("people.operator", SQL["operator"], token, now))

    async def change(self, person_id: int, change: Change, *, by: str, at: datetime) -> Person:
        key = text.email_key(change.email) if change.email else None
        try:
            async with self._postgres.lease("people.change") as connection, connection.transaction():
                if change.role == "responder":
                    await _leave_a_manager(connection, person_id)
                row = await connection.fetchrow(
                    SQL["change"],
                    person_id,
                    change.name,
                    change.email,
                    key,
                    change.password_hash,
                    change.role,
                    change.time_zone,
                )
                if row is None:
                    raise NotFound("unknown person")
                if change.password_hash is not None:
                    await connection.execute(SQL["end_sessions"], person_id, change.keep)
                await note(connection, by, at, f"person:{person_id}", f"changed: {_what(change)}")
        except asyncpg.UniqueViolationError as error:
            raise Conflict(_TAKEN) from error
        return person_of(row)

    async def remove(self, person_id: int, *, by: str, at: datetime) -> Sequence[Naming]:
        async with self._postgres.lease("people.remove") as connection, connection.transaction():
            await _leave_a_manager(connection, person_id)
            if await connection.fetchrow(SQL["lock_person"], person_id) is None:
                raise NotFound("unknown person")
            naming = await connection.fetch(SQL["names_person"], person_id, at)
            if naming:
                return [Naming(row["kind"], row["name"]) for row in naming]
            await connection.execute(SQL["leave_teams"], person_id)
            await connection.execute(SQL["remove_rules_of"], person_id)
            await connection.execute(SQL["remove_contacts_of"], person_id, at)
            await connection.execute(SQL["end_sessions"], person_id, None)
            await connection.execute(SQL["remove"], person_id, at)
            await note(connection, by, at, f"person:{person_id}", "removed")
        return []

    async def feed_token(self, person_id: int) -> str:
        token = await self._postgres.fetchval("people.feed_token", SQL["feed_token"], person_id)
        if not isinstance(token, str):
            raise NotFound("unknown person")
        return token

    async def new_feed_token(self, person_id: int, token: str, *, by: str, at: datetime) -> None:
        async with self._postgres.lease("people.new_feed_token") as connection, connection.transaction():
            if await connection.fetchval(SQL["new_feed_token"], person_id, token) is None:
                raise NotFound("unknown person")
            await note(connection, by, at, f"person:{person_id}", "calendar address renewed")

    async def add_team(self, name: str, members: Sequence[int], *, by: str, at: datetime) -> Team:
        async with self._postgres.lease("teams.add") as connection, connection.transaction():
            team_id = await connection.fetchval(SQL["add_team"], name)
            if team_id is None:
                raise Conflict("a team of that name exists already")
            await hold_people(connection, members)
            await connection.execute(SQL["join_team"], team_id, list(members))
            await note(connection, by, at, f"team {name}", "added")
        return Team(team_id, name, tuple(sorted(members)))

    async def change_team(
        self, team_id: int, name: str | None, members: Sequence[int] | None, *, by: str, at: datetime
    ) -> Team:
        try:
            async with self._postgres.lease("teams.change") as connection, connection.transaction():
                row = await connection.fetchrow(SQL["lock_team"], team_id)
                if row is None:
                    raise NotFound("unknown team")
                if name is not None:
                    await connection.execute(SQL["rename_team"], team_id, name)
                if members is not None:
                    await hold_people(connection, members)
                    await connection.execute(SQL["clear_team"], team_id)
                    await connection.execute(SQL["join_team"], team_id, list(members))
                rows = await connection.fetch(SQL["members"], team_id)
                change = "changed" if name in {None, row["name"]} else f"renamed to {name}"
                await note(connection, by, at, f"team {row['name']}", change)
        except asyncpg.UniqueViolationError as error:
            raise Conflict("a team of that name exists already") from error
        return Team(team_id, name or row["name"], tuple(member["person_id"] for member in rows))

    async def remove_team(self, team_id: int, *, by: str, at: datetime) -> Sequence[Naming]:
        async with self._postgres.lease("teams.remove") as connection, connection.transaction():
            row = await connection.fetchrow(SQL["lock_team"], team_id)
            if row is None:
                raise NotFound("unknown team")
            naming = await connection.fetch(SQL["names_team"], team_id)
            if naming:
                return [Naming(row["kind"], row["name"]) for row in naming]
            await connection.execute(SQL["clear_team"], team_id)
            await connection.execute(SQL["remove_team"], team_id, at)
            await note(connection, by, at, f"team {row['name']}", "removed")
        return []


class PostgresSessions:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        # A hundred consoles come back at once after a restart, and must not take the pool from who pages.
        self._persons: Batch[tuple[bytes, datetime], Person | None] = Batch(self._read, lanes=2)

    async def open(self, token_hash: bytes, person_id: int, expires_at: datetime) -> None:
        opened = await self._postgres.fetchval("sessions.open", SQL["open_session"], token_hash, person_id, expires_at)
        if opened is None:
            raise Unauthorized

    async def person(self, token_hash: bytes, at: datetime) -> Person | None:
        try:
            return await self._persons.ask((token_hash, at))
        except Full:
            raise Unavailable("too many requests at this moment, please try again", retry_after=1) from None

    async def _read(self, asked: Sequence[tuple[bytes, datetime]]) -> Sequence[Person | None]:
        hashes = list({token_hash for token_hash, _ in asked})
        rows = await self._postgres.fetch("sessions.person", SQL["sessions"], hashes, max(at for _, at in asked))
        found = {row["token_hash"]: person_of(row) for row in rows}
        return [found.get(token_hash) for token_hash, _ in asked]

    async def end(self, token_hash: bytes) -> None:
        await self._postgres.execute("sessions.end", SQL["end_session"], token_hash)

    async def prune(self, before: datetime) -> None:
        await self._postgres.execute("sessions.prune", SQL["prune_sessions"], before)
        await self._postgres.execute("throttle.prune", SQL["prune_throttle"], before)


class PostgresThrottle:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def counts(self, subjects: Sequence[str], at: datetime) -> Sequence[tuple[int, datetime]]:
        return await self._ask("counts", subjects, at)

    async def charge(self, subjects: Sequence[str], at: datetime, ends_at: datetime) -> Sequence[tuple[int, datetime]]:
        return await self._ask("charge", subjects, at, ends_at)

    async def clear(self, subject: str) -> None:
        await self._postgres.execute("throttle.clear", SQL["clear"], subject)

    async def _ask(
        self, query: Literal["counts", "charge"], subjects: Sequence[str], at: datetime, *more: datetime
    ) -> Sequence[tuple[int, datetime]]:
        rows = await self._postgres.fetch(f"throttle.{query}", SQL[query], list(subjects), at, *more)
        found = {row["subject"]: (row["count"], row["ends_at"]) for row in rows}
        return [found.get(subject, (0, at)) for subject in subjects]


async def _leave_a_manager(connection: Connection, person_id: int) -> None:
    managers = [row["id"] for row in await connection.fetch(SQL["lock_managers"])]
    if managers == [person_id]:
        raise Conflict("nobody else manages: make somebody else a manager first")


def _what(change: Change) -> str:
    names = ("name", "email", "password_hash", "role", "time_zone")
    changed = [name for name in names if getattr(change, name) is not None]
    return ", ".join(name.removesuffix("_hash").replace("_", " ") for name in changed) or "nothing"


def _roster(row: Row) -> Roster:
    contacts: defaultdict[int, list[Contact]] = defaultdict(list)
    for contact in msgspec.json.decode(row["contacts"], type=list[Contact]):
        contacts[contact.person_id].append(contact)
    rules: defaultdict[tuple[int, Importance], list[NotificationRule]] = defaultdict(list)
    for rule in msgspec.json.decode(row["rules"], type=list[_RuleOf]):
        rules[rule.person_id, rule.importance].append(NotificationRule(rule.contact_id, rule.delay))
    people = msgspec.json.decode(row["people"], type=list[Person])
    return Roster(
        people={
            person.id: Reachable(
                person,
                tuple(contacts[person.id]),
                tuple(rules[person.id, "default"]),
                tuple(rules[person.id, "important"]),
            )
            for person in people
        },
        teams={team.id: team for team in msgspec.json.decode(row["teams"], type=list[Team])},
    )
