"""Impact, plans, and what was given, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from jwt_pizza.kernel.wire import Impact, StoreImpact
from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop.amends.model import (
    Failure,
    Harm,
    HurtOrder,
    Limits,
    Minute,
    Plan,
    PlanRequest,
    Remedy,
    State,
)

SQL: Final = Queries(__package__)
_ALLOWANCE: Final = 60.0
"""Seconds for reading a week of orders, or giving to many diners at once."""
_remedies = msgspec.json.Decoder(dict[Harm, tuple[Remedy, ...]]).decode


class PostgresAmends:
    def __init__(self, postgres: Postgres, limits: Limits, *, pays_out: bool) -> None:
        """`pays_out`: refunds are not complete with their transfer, but leave through a payment gateway."""
        self._postgres = postgres
        self._pays_out = pays_out
        self._limits = limits

    async def impact(self, since: datetime, until: datetime) -> Impact:
        async with (
            self._postgres.lease("amends.impact", allowance=_ALLOWANCE) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await connection.fetchrow(SQL["impact"], since, until, timeout=_ALLOWANCE)
            stores = await connection.fetch(SQL["impact_by_store"], since, until, timeout=_ALLOWANCE)
        if row is None:
            raise LookupError("no impact")
        return Impact(
            since=since, until=until, stores=tuple(StoreImpact(**dict(store)) for store in stores), **dict(row)
        )

    async def hurt(self, since: datetime, until: datetime) -> Sequence[HurtOrder]:
        async with self._postgres.lease("amends.hurt", allowance=_ALLOWANCE) as connection:
            rows = await connection.fetch(SQL["hurt"], since, until, timeout=_ALLOWANCE)
        return [HurtOrder(**dict(row)) for row in rows]

    async def minutes(self, since: datetime, until: datetime) -> Sequence[Minute]:
        async with self._postgres.lease("amends.minutes", allowance=_ALLOWANCE) as connection:
            rows = await connection.fetch(SQL["minutes"], since, until, timeout=_ALLOWANCE)
        return [Minute(**dict(row)) for row in rows]

    async def plan(self, incident: str, request: PlanRequest, *, at: datetime, by: str) -> None:
        remedies = msgspec.json.encode(request.remedies).decode()
        async with self._postgres.lease("amends.plan", allowance=_ALLOWANCE) as connection, connection.transaction():
            await connection.execute(
                SQL["plan"], incident, request.since, request.until, request.explanation.strip(), remedies, at, by
            )
            await connection.execute(SQL["relist"], incident)
            await connection.execute(SQL["list_orders"], incident, timeout=_ALLOWANCE)

    async def get(self, incident: str) -> Plan | None:
        row = await self._postgres.fetchrow("amends.get", SQL["get"], incident)
        return self._plan(row) if row else None

    async def approve(self, incident: str, *, at: datetime, by: str) -> bool:
        return await self._postgres.fetchval("amends.approve", SQL["approve"], incident, at, by) is not None

    async def start(self, incident: str, at: datetime) -> bool:
        return await self._postgres.fetchval("amends.start", SQL["start"], incident, at) is not None

    async def running(self) -> Sequence[str]:
        rows = await self._postgres.fetch("amends.running", SQL["running"])
        plans = [await self.get(row["incident"]) for row in rows]
        # A list that grew beyond the limit waits for its approval.
        return [plan.incident for plan in plans if plan is not None and plan.state == "running"]

    async def give(self, incident: str, at: datetime, *, take: int) -> int:
        async with self._postgres.lease("amends.give", allowance=_ALLOWANCE) as connection:
            try:
                return int(
                    await connection.fetchval(SQL["give"], incident, at, take, self._pays_out, timeout=_ALLOWANCE)
                )
            except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError):
                # One of them cannot be given: alone it fails alone.
                return await self._give_one(connection, incident, at)

    async def _give_one(self, connection: Connection, incident: str, at: datetime) -> int:
        diner_id = await connection.fetchval(SQL["next_due"], incident)
        try:
            return int(await connection.fetchval(SQL["give"], incident, at, 1, self._pays_out))
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            await connection.execute(SQL["give_up"], incident, diner_id, str(error)[:300])
            return 1

    async def finish(self, incident: str, at: datetime) -> bool:
        return await self._postgres.fetchval("amends.finish", SQL["finish"], incident, at) is not None

    async def failures(self, incident: str) -> Sequence[Failure]:
        rows = await self._postgres.fetch("amends.failures", SQL["failures"], incident)
        return [Failure(diner_id=row["diner_id"], error=row["error"]) for row in rows]

    async def retry(self, incident: str, at: datetime) -> int:
        return int(await self._postgres.fetchval("amends.retry", SQL["retry"], incident, at))

    def _plan(self, row: Row) -> Plan:
        remedies: Mapping[Harm, tuple[Remedy, ...]] = _remedies(row["remedies"])
        needs_approval = row["diners"] > self._limits.diners or row["refund"] > self._limits.refund
        return Plan(
            incident=row["incident"],
            state=_state(row, waits=needs_approval and row["approved_at"] is None),
            since=row["since"],
            until=row["until"],
            explanation=row["explanation"],
            remedies=remedies,
            diners=row["diners"],
            orders=row["orders"],
            refund=row["refund"],
            done=row["done"],
            failed=row["failed"],
            refunds=row["refunds"],
            refunded=row["refunded"],
            vouchers=row["vouchers"],
            apologies=row["apologies"],
            letters_sent=row["letters_sent"],
            letters_waiting=row["letters_waiting"],
            letters_failed=row["letters_failed"],
            payouts_sent=row["payouts_sent"],
            payouts_waiting=row["payouts_waiting"],
            payouts_failed=row["payouts_failed"],
            planned_at=row["planned_at"],
            planned_by=row["planned_by"],
            needs_approval=needs_approval,
            approved_at=row["approved_at"],
            approved_by=row["approved_by"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
        )


def _state(row: Row, *, waits: bool) -> State:
    if row["finished_at"] is not None:
        return "done"
    if waits:
        return "awaiting approval"
    if row["started_at"] is None:
        return "planned"
    return "failed" if row["failed"] and row["done"] + row["failed"] == row["diners"] else "running"
