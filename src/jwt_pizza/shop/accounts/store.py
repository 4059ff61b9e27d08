"""Accounts, sessions and login limits in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from jwt_pizza.kernel import text
from jwt_pizza.kernel.errors import Conflict, NotFound, Unauthorized
from jwt_pizza.kit.batching import Batch, once
from jwt_pizza.kit.postgres import Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.accounts.model import Caller, Credentials, Login, Role, RoleGrant, User, Voucher
from jwt_pizza.shop.audit.model import Entry
from jwt_pizza.shop.audit.writing import write

SQL: Final = Queries(__package__)


class PostgresAccounts:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._checks: Batch[int, Caller | None] = Batch(self._live)

    async def add(self, name: str, email: str, password_hash: str, at: datetime) -> User:
        row = await self._postgres.fetchrow(
            "accounts.add", SQL["add"], name, email, text.email_key(email), password_hash, at
        )
        if row is None:
            raise Conflict("a user with that email exists already")
        return _user(row)

    async def grant(self, user_id: int, role: Role, franchise_id: int | None = None) -> None:
        await self._postgres.execute("accounts.grant", SQL["grant_role"], user_id, role, franchise_id)

    async def credentials(self, email: str) -> Credentials | None:
        row = await self._postgres.fetchrow("accounts.credentials", SQL["by_email"], email)
        return Credentials(_user(row), row["password_hash"]) if row else None

    async def get(self, user_id: int) -> User | None:
        row = await self._postgres.fetchrow("accounts.get", SQL["by_id"], user_id)
        return _user(row) if row else None

    async def change(
        self,
        user_id: int,
        *,
        name: str | None,
        email: str | None,
        password_hash: str | None,
        keep: int | None,
        at: datetime,
        entry: Entry | None = None,
    ) -> User:
        key = text.email_key(email) if email else None
        try:
            async with self._postgres.lease("accounts.change") as connection, connection.transaction():
                if await connection.fetchval(SQL["change"], user_id, name, email, key, password_hash) is None:
                    raise NotFound("unknown user")
                if password_hash:
                    await connection.execute(SQL["end_sessions"], user_id, keep, at)
                await write(connection, entry)
                row = await connection.fetchrow(SQL["by_id"], user_id)
        except asyncpg.UniqueViolationError as error:
            raise Conflict("a user with that email exists already") from error
        if row is None:
            raise NotFound("unknown user")
        return _user(row)

    async def appoint(self, user_id: int, role: Role, franchise_id: int | None, entry: Entry) -> None:
        try:
            async with self._postgres.lease("accounts.appoint") as connection, connection.transaction():
                await connection.execute(SQL["grant_role"], user_id, role, franchise_id)
                await write(connection, entry)
        except asyncpg.ForeignKeyViolationError as error:
            raise NotFound("unknown user or franchise") from error

    async def dismiss(self, user_id: int, role: Role, franchise_id: int | None, entry: Entry) -> None:
        async with self._postgres.lease("accounts.dismiss") as connection, connection.transaction():
            await connection.execute(SQL["take_role"], user_id, role, franchise_id)
            await write(connection, entry)

    async def delete(self, user_id: int, at: datetime, entry: Entry | None = None) -> bool:
        async with self._postgres.lease("accounts.delete") as connection:
            async with connection.transaction():
                if await connection.fetchval(SQL["forget"], user_id, at) is None:
                    return False
                await connection.execute(SQL["end_sessions"], user_id, None, at)
                await connection.execute(SQL["revoke_roles"], user_id)
                await write(connection, entry)
            # After that commit no further order of theirs can be placed, so this finds them all.
            await connection.execute(SQL["forget_pizzas"], user_id)
        return True

    async def page(self, name: str, *, skip: int, take: int) -> Sequence[User]:
        rows = await self._postgres.fetch("accounts.page", SQL["page"], text.like(name), skip, take)
        return [_user(row) for row in rows]

    async def open_session(self, user_id: int, at: datetime, expires_at: datetime, device: str) -> int:
        session_id = await self._postgres.fetchval(
            "sessions.open", SQL["open_session"], user_id, at, expires_at, device
        )
        if not isinstance(session_id, int):
            raise Unauthorized
        return session_id

    async def prolong_session(self, session_id: int, expires_at: datetime) -> None:
        await self._postgres.execute("sessions.prolong", SQL["prolong_session"], session_id, expires_at)

    async def end_session(self, session_id: int, at: datetime) -> None:
        await self._postgres.execute("sessions.end", SQL["end_session"], session_id, at)

    async def logins(self, user_id: int, at: datetime) -> Sequence[Login]:
        rows = await self._postgres.fetch("sessions.logins", SQL["logins"], user_id, at)
        return [Login(row["id"], row["device"], row["created_at"], row["expires_at"]) for row in rows]

    async def end_login(self, user_id: int, session_id: int, at: datetime) -> None:
        await self._postgres.execute("sessions.end_login", SQL["end_login"], user_id, session_id, at)

    async def end_other_logins(self, user_id: int, keep: int, at: datetime) -> None:
        await self._postgres.execute("sessions.end_others", SQL["end_sessions"], user_id, keep, at)

    async def live(self, session_id: int) -> Caller | None:
        return await self._checks.ask(session_id)

    async def secret(self, name: str) -> bytes:
        value = await self._postgres.fetchval("accounts.secret", SQL["secret"], name)
        if not isinstance(value, bytes):
            raise LookupError(f"no secret {name}: is the database migrated?")
        return value

    async def prune(self, before: datetime) -> None:
        await self._postgres.execute("sessions.prune", SQL["prune_sessions"], before)
        await self._postgres.execute("throttle.prune", SQL["prune_throttle"], before)

    async def _live(self, session_ids: Sequence[int]) -> Sequence[Caller | None]:
        rows = await self._postgres.fetch("sessions.live", SQL["live"], once(session_ids))
        callers = {
            row["session_id"]: Caller(_user(row), row["session_id"], row["version"], _voucher(row)) for row in rows
        }
        return [callers.get(session_id) for session_id in session_ids]


class PostgresThrottle:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def failures(self, subjects: Sequence[str], at: datetime) -> Sequence[tuple[int, datetime]]:
        rows = await self._postgres.fetch("throttle.failures", SQL["failures"], list(subjects), at)
        counts = {row["subject"]: (row["failures"], row["ends_at"]) for row in rows}
        return [counts.get(subject, (0, at)) for subject in subjects]

    async def charge(self, subjects: Sequence[str], at: datetime, ends_at: datetime) -> None:
        await self._postgres.execute("throttle.charge", SQL["charge"], list(subjects), at, ends_at)

    async def clear(self, subject: str) -> None:
        await self._postgres.execute("throttle.clear", SQL["clear"], subject)


class PostgresAttendances:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def note(self, user_ids: Sequence[int], at: datetime, since: datetime) -> int:
        async with self._postgres.lease("attendance.note") as connection:
            if user_ids:
                await connection.execute(SQL["note_seen"], list(user_ids), at)
            await connection.execute(SQL["forget_seen"], since)
            return int(await connection.fetchval(SQL["count_seen"], since))


def _voucher(row: Row) -> Voucher | None:
    return None if row["voucher_id"] is None else Voucher(row["voucher_id"], row["voucher_used_on"])


def _user(row: Row) -> User:
    roles, franchises = row["roles"] or [], row["franchises"] or []
    return User(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        roles=tuple(
            RoleGrant(role=role, object_id=franchise) for role, franchise in zip(roles, franchises, strict=True)
        ),
    )
