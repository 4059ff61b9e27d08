"""Vendors, their keys, codes and limits in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jwt_pizza.factory.vendors.model import (
    MOST_KEYS,
    ChaosCard,
    ConnectionCard,
    Deletion,
    Details,
    Role,
    Vendor,
    VendorCard,
)
from jwt_pizza.kernel.clock import Clock, iso
from jwt_pizza.kit.batching import Batch, once
from jwt_pizza.kit.postgres import Postgres, Row
from jwt_pizza.kit.sql import Queries

SQL: Final = Queries(__package__)


class PostgresVendors:
    def __init__(self, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock
        self._keys: Batch[bytes, Vendor | None] = Batch(self._by_keys)

    async def exists(self, vendor_id: str) -> bool:
        return bool(await self._postgres.fetchval("vendors.exists", SQL["exists"], vendor_id))

    async def by_key(self, key_hash: bytes) -> Vendor | None:
        return await self._keys.ask(key_hash)

    async def add(self, vendor_id: str, details: Details, at: datetime) -> bool:
        added = await self._postgres.fetchval(
            "vendors.add",
            SQL["add"],
            vendor_id,
            details.name,
            details.email,
            details.git_hub_url,
            details.website,
            details.phone,
            at,
        )
        return added is not None

    async def issue(self, vendor_id: str, key_hash: bytes, at: datetime, *, replace: bool) -> None:
        async with self._postgres.lease("vendors.issue") as connection, connection.transaction():
            await connection.execute(SQL["revoke"], vendor_id, 0 if replace else MOST_KEYS - 1)
            await connection.execute(SQL["issue"], key_hash, vendor_id, at)

    async def details(self, vendor_id: str) -> Details | None:
        row = await self._postgres.fetchrow("vendors.details", SQL["details"], vendor_id)
        return Details(**row) if row else None

    async def change(self, vendor_id: str, details: Details) -> None:
        await self._postgres.execute(
            "vendors.change",
            SQL["change"],
            vendor_id,
            details.name,
            details.email,
            details.git_hub_url,
            details.website,
            details.phone,
        )

    async def set_roles(self, vendor_id: str, roles: Sequence[Role]) -> bool:
        done = await self._postgres.fetchval("vendors.set_roles", SQL["set_roles"], vendor_id, list(roles))
        return done is not None

    async def delete(self, vendor_id: str, what: Deletion) -> bool:
        async with self._postgres.lease("vendors.delete") as connection, connection.transaction():
            if not await connection.fetchval(SQL["exists"], vendor_id):
                return False
            if what in {"connection", "all"}:
                await connection.execute(SQL["delete_connections"], vendor_id)
            if what == "chaos":
                await connection.execute(SQL["delete_attacks"], vendor_id)
            if what == "all":
                await connection.execute(SQL["delete_bakes"], vendor_id)
                await connection.execute(SQL["delete_logs"], vendor_id)
                await connection.execute(SQL["delete"], vendor_id)
        return True

    async def card(self, vendor_id: str) -> VendorCard | None:
        row = await self._postgres.fetchrow("vendors.card", SQL["cards"], vendor_id, self._clock.now())
        return _card(row) if row else None

    async def cards(self) -> Sequence[VendorCard]:
        rows = await self._postgres.fetch("vendors.cards", SQL["cards"], None, self._clock.now())
        return [_card(row) for row in rows]

    async def connect(self, vendor_id: str, purpose: str, at: datetime) -> None:
        async with self._postgres.lease("vendors.connect") as connection, connection.transaction():
            await connection.execute(SQL["lock_purpose"], purpose)
            await connection.execute(SQL["wait_for"], vendor_id, purpose, at)
            await connection.execute(SQL["pair"], vendor_id, purpose)

    async def rate(self, vendor_id: str, other_id: str | None, purpose: str, rating: int) -> bool:
        done = await self._postgres.fetchval("vendors.rate", SQL["rate"], vendor_id, other_id, purpose, rating)
        return done is not None

    async def log(self, vendor_id: str, text: str, at: datetime) -> str:
        return str(await self._postgres.fetchval("vendors.log", SQL["log"], vendor_id, text, at))

    async def set_log_answer(self, text: str) -> None:
        await self._postgres.execute("vendors.set_log_answer", SQL["set_log_answer"], text)

    async def _by_keys(self, hashes: Sequence[bytes]) -> Sequence[Vendor | None]:
        rows = await self._postgres.fetch("vendors.by_keys", SQL["by_keys"], once(hashes))
        found = {row["key_hash"]: vendor_of(row) for row in rows}
        return [found.get(key_hash) for key_hash in hashes]


class PostgresCodes:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def put_code(self, vendor_id: str, code_hash: bytes, expires_at: datetime) -> None:
        await self._postgres.execute("codes.put", SQL["put_code"], vendor_id, code_hash, expires_at)

    async def use_code(self, vendor_id: str, code_hash: bytes, most_tries: int, at: datetime) -> bool:
        right = await self._postgres.fetchval("codes.try", SQL["try_code"], vendor_id, code_hash, most_tries, at)
        if not right:
            return False
        used = await self._postgres.fetchval("codes.drop", SQL["drop_code"], vendor_id, code_hash)
        return used is not None

    async def open_session(self, token_hash: bytes, vendor_id: str, expires_at: datetime) -> None:
        await self._postgres.execute("sessions.open", SQL["open_session"], token_hash, vendor_id, expires_at)

    async def session(self, token_hash: bytes, at: datetime) -> Vendor | None:
        row = await self._postgres.fetchrow("sessions.find", SQL["session"], token_hash, at)
        return vendor_of(row) if row else None

    async def end_session(self, token_hash: bytes) -> None:
        await self._postgres.execute("sessions.end", SQL["end_session"], token_hash)

    async def prune(self, over: datetime, logs: datetime) -> None:
        await self._postgres.execute("vendors.prune", SQL["prune"], over, logs)


class PostgresThrottle:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def charge(self, subjects: Sequence[str], at: datetime, ends_at: datetime) -> Sequence[tuple[int, datetime]]:
        rows = await self._postgres.fetch("throttle.charge", SQL["charge"], list(subjects), at, ends_at)
        counts = {row["subject"]: (row["count"], row["ends_at"]) for row in rows}
        return [counts[subject] for subject in subjects]

    async def pardon(self, subjects: Sequence[str]) -> None:
        await self._postgres.execute("throttle.pardon", SQL["pardon"], list(subjects))


def vendor_of(row: Row) -> Vendor:
    return Vendor(id=row["id"], name=row["name"], roles=tuple(row["roles"]))


def _card(row: Row) -> VendorCard:
    purposes = row["purposes"] or []
    chaos = None
    if row["chaos_kind"] is not None:
        chaos = ChaosCard(
            type=row["chaos_kind"],
            initiated_date=iso(row["chaos_created_at"]),
            start_date=iso(row["starts_at"]),
            end_date=iso(row["ends_at"]),
        )
    return VendorCard(
        id=row["id"],
        name=row["name"],
        created=iso(row["created_at"]),
        roles=tuple(row["roles"]),
        email=row["email"],
        git_hub_url=row["git_hub_url"],
        website=row["website"],
        phone=row["phone"],
        connections={
            purpose: ConnectionCard(id=other, purpose=purpose, rating=rating)
            for purpose, other, rating in zip(purposes, row["others"] or [], row["ratings"] or [], strict=True)
        },
        chaos=chaos,
    )
