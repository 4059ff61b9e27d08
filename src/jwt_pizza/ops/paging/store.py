"""Escalations and the outbox in PostgreSQL."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import uuid4

import msgspec

from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events.journal import append
from jwt_pizza.ops.events.model import (
    AnyFact,
    Event,
    PageDelivered,
    PageFailed,
    PageQueued,
    PageSent,
    PageVoided,
)
from jwt_pizza.ops.paging import columns
from jwt_pizza.ops.paging.model import (
    Acknowledged,
    Decide,
    DecideReminder,
    Line,
    Lost,
    Move,
    NotSent,
    Parcel,
    Plan,
    Queued,
    Receipt,
    Sent,
    Sort,
)
from jwt_pizza.ops.paging.storm import KEPT

SQL: Final = Queries(__package__)
_QUICK_FORWARDS: Final = 5
"""Steps in a row that are taken at once because nobody was reached; after them, one a minute."""


class PostgresEscalations:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def any_due(self, now: datetime) -> bool:
        return bool(await self._postgres.fetchval("paging.any_due", SQL["any_due"], now))

    async def advance(self, now: datetime, take: int, decide: Decide) -> Sequence[Move]:
        async with self._postgres.lease("paging.advance") as connection, connection.transaction():
            due = [columns.due(row) for row in await connection.fetch(SQL["due"], now, take)]
            if not due:
                return []
            chains = sorted(
                {each.chain_id for each in due if each.chain_id is not None and "notify-next" in each.chain}
            )
            turns = {
                row["id"]: msgspec.json.decode(row["turns"], type=dict[int, int])
                for row in (await connection.fetch(SQL["turns"], chains) if chains else ())
            }
            decided = decide(due, turns)
            chain_of = {each.id: each.chain for each in due}
            await connection.execute(
                SQL["move"],
                [move.group_id for move in decided.moves],
                [chain_of[move.group_id] for move in decided.moves],
                [move.step for move in decided.moves],
                [columns.json_of(move.visits) for move in decided.moves],
                [move.next_at for move in decided.moves],
            )
            if chains:
                taken = [columns.json_of(decided.turns[chain_id]) for chain_id in chains]
                await connection.execute(SQL["take_turns"], chains, taken)
            await append(connection, [event for move in decided.moves for event in move.events])
            await queue(connection, [each for move in decided.moves for each in move.notifications])
            return decided.moves

    async def remind(self, now: datetime, take: int, decide: DecideReminder) -> int:
        async with self._postgres.lease("paging.remind") as connection, connection.transaction():
            rows = await connection.fetch(SQL["remind"], now, take)
            due = [
                Acknowledged(
                    id=row["id"],
                    generation=row["generation"],
                    acknowledged_by=row["acknowledged_by"],
                    remind_at=row["remind_at"],
                )
                for row in rows
            ]
            await queue(connection, [each for group in due for each in decide(group)])
            return len(due)


class PostgresOutbox:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def queue(self, notifications: Sequence[Queued]) -> Sequence[int]:
        async with self._postgres.lease("outbox.queue") as connection, connection.transaction():
            return await queue(connection, notifications)

    async def claim(self, now: datetime, until: datetime, take: int, sort: Sort) -> Sequence[Parcel]:
        claim = uuid4()
        async with self._postgres.lease("outbox.claim") as connection, connection.transaction():
            rows = await connection.fetch(SQL["claim"], now, until, claim, take)
            if not rows:
                return []
            lines = {columns.key_of(row): columns.line(row) for row in rows}
            found = await connection.fetch(SQL["waiting"], *columns.of_lines(list(lines)), now)
            waiting: dict[columns.LineKey, list[Row]] = {key: [] for key in lines}
            for row in found:
                waiting[columns.key_of(row)].append(row)
            plans = {key: sort(lines[key], [columns.waiting(row) for row in waiting[key]], now) for key in lines}
            await _void(connection, plans, now)
            await _put_together(connection, plans, lines)
            idle = [key for key, plan in plans.items() if plan.letter is None]
            await connection.execute(SQL["release"], *columns.of_lines(idle), claim)
            return [Parcel(lines[key], plan.letter, claim) for key, plan in plans.items() if plan.letter is not None]

    async def sent(self, parcel: Parcel, sent: Sent, now: datetime) -> bool:
        line, letter = parcel.line, parcel.letter
        async with self._postgres.lease("outbox.sent") as connection, connection.transaction():
            if not await _holds(connection, parcel):
                return False
            rows = await connection.fetch(
                SQL["sent"],
                letter.message_id,
                sent.provider,
                sent.provider_id,
                sent.subject,
                sent.body,
                now,
                sent.confirm_by,
            )
            groups = {each.group_id for each in letter.notifications}
            if letter.notifications[0].kind == "page":
                only = groups.pop() if len(groups) == 1 else None
                await connection.execute(SQL["told"], *columns.key_of(line), now, only, now - KEPT)
            await connection.execute(SQL["release"], *columns.of_lines([columns.key_of(line)]), parcel.claim)
            await append(connection, list(_about(rows, now, PageSent, provider=sent.provider)))
            return True

    async def not_sent(self, parcel: Parcel, failure: NotSent, now: datetime) -> bool:
        async with self._postgres.lease("outbox.not_sent") as connection, connection.transaction():
            if not await _holds(connection, parcel):
                return False
            final = failure.retry_at is None
            query = SQL["give_up"] if final else SQL["retry"]
            rows = await connection.fetch(query, parcel.letter.message_id, failure.retry_at or now, failure.error)
            await connection.execute(SQL["release"], *columns.of_lines([columns.key_of(parcel.line)]), parcel.claim)
            await append(connection, list(_about(rows, now, PageFailed, error=failure.error, final=final)))
            return True

    async def receipt(self, receipt: Receipt, now: datetime) -> bool:
        async with self._postgres.lease("outbox.receipt") as connection, connection.transaction():
            rows = await connection.fetch(SQL["message"], receipt.message_id)
            open_ = [
                row
                for row in rows
                if row["status"] in {"queued", "sent"} or (row["status"] == "failed" and row["receipt_at"] is None)
            ]
            if open_:
                status = {True: "delivered", False: "failed", None: None}[receipt.arrived]
                ids = [row["id"] for row in open_]
                args = (status, receipt.provider, receipt.provider_id, receipt.error, now)
                await connection.execute(SQL["receipt"], ids, *args)
            if receipt.arrived:
                await append(connection, list(_about(open_, now, PageDelivered)))
            elif receipt.arrived is False:
                await append(connection, list(_about(open_, now, PageFailed, error=receipt.error, final=True)))
            return bool(rows)

    async def lost(self, now: datetime, until: datetime, take: int) -> Sequence[Lost]:
        async with self._postgres.lease("outbox.lost") as connection, connection.transaction():
            await connection.execute(SQL["forget_unconfirmed"], now)
            rows = await connection.fetch(SQL["lost"], now, until, take)
            unconfirmed = [row for row in rows if row["unconfirmed"]]
            await append(
                connection, list(_about(unconfirmed, now, PageFailed, error="not confirmed in time", final=True))
            )
            return [
                Lost(
                    id=row["id"],
                    kind=row["kind"],
                    group_id=row["group_id"],
                    generation=row["generation"],
                    page=row["page"],
                    person_id=row["person_id"],
                    tried=tuple(row["tried"]),
                )
                for row in rows
            ]

    async def replace(self, lost: Lost, by: Queued | None, now: datetime) -> bool:
        async with self._postgres.lease("outbox.replace") as connection, connection.transaction():
            await connection.execute(SQL["replaced"], lost.id)
            if by is not None:
                await queue(connection, [by])
                return False
            args = (lost.group_id, lost.generation, lost.page, now, _QUICK_FORWARDS)
            return await connection.fetchval(SQL["forward"], *args) is not None


async def queue(connection: Connection, notifications: Sequence[Queued]) -> Sequence[int]:
    """Within somebody else's transaction; with their events."""
    if not notifications:
        return []
    rows = await connection.fetch(SQL["queue"], *columns.of_queued(notifications))
    await append(
        connection,
        [event for row in rows for event in _about([row], row["created_at"], PageQueued)],
    )
    return [row["id"] for row in rows]


async def _void(connection: Connection, plans: dict[columns.LineKey, Plan], now: datetime) -> None:
    void = [number for plan in plans.values() for number in plan.void]
    if void:
        rows = await connection.fetch(SQL["void"], void)
        await append(connection, list(_about(rows, now, PageVoided)))


async def _put_together(
    connection: Connection, plans: dict[columns.LineKey, Plan], lines: dict[columns.LineKey, Line]
) -> None:
    held = [(number, plan.until) for plan in plans.values() for number in plan.held]
    if held:
        await connection.execute(SQL["hold"], [number for number, _ in held], [until for _, until in held])
    letters = [plan.letter for plan in plans.values() if plan.letter is not None]
    told = [(each.id, letter.message_id, letter.code) for letter in letters for each in letter.notifications]
    if told:
        await connection.execute(SQL["put_together"], *(list(column) for column in zip(*told, strict=True)))
    codes = {key: plan.last_code for key, plan in plans.items() if plan.last_code != lines[key].last_code}
    if codes:
        await connection.execute(SQL["give_codes"], *columns.of_lines(list(codes)), list(codes.values()))


async def _holds(connection: Connection, parcel: Parcel) -> bool:
    return bool(await connection.fetchval(SQL["holder"], *columns.key_of(parcel.line), parcel.claim))


def _about(rows: Sequence[Row], now: datetime, kind: Callable[..., AnyFact], **more: object) -> Iterator[Event]:
    for row in rows:
        fact = kind(notification_id=row["id"], person_id=row["person_id"] or None, channel=row["channel"], **more)
        yield Event(at=now, group_id=row["group_id"], fact=fact)
