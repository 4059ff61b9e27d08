"""What was measured, and what the public is told, in PostgreSQL."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.kernel.vitals import Snapshot
from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events import journal
from jwt_pizza.ops.events.model import STATUS_PAGE, Changed, Event
from jwt_pizza.ops.reports import printing
from jwt_pizza.ops.reports.document import Document
from jwt_pizza.ops.reports.model import Standing
from jwt_pizza.ops.status.board import DAYS, SHOWN, Board, Day, NewUpdate, PartStatus, PublicIncident, Update
from jwt_pizza.ops.status.measuring import PARTS, WINDOW, Tally, Totals, grown, minute_of, states

SQL: Final = Queries(__package__)
_FRESH: Final = timedelta(minutes=1)
_PAUSE: Final = timedelta(seconds=4)
"""Between two looks of any process."""
_LONGEST_GAP: Final = 60.0
"""Seconds between two looks up to which the time between them counts as measured."""
_KEPT: Final = timedelta(days=400)
_encode: Final = msgspec.json.Encoder().encode
_snapshot: Final = msgspec.json.Decoder(Snapshot).decode
_totals: Final = msgspec.json.Decoder(dict[str, Tally]).decode


class PostgresMeasurements:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def measure(self, at: datetime, away: frozenset[str]) -> bool:
        async with self._postgres.lease("status.measure") as connection, connection.transaction():
            last = await connection.fetchval(SQL["turn"])
            if last is None or timedelta() <= at - last < _PAUSE:
                return False
            snapshots = [_snapshot(row["snapshot"]) for row in await connection.fetch(SQL["snapshots"], at - _FRESH)]
            names = [snapshot.process for snapshot in snapshots]
            known = {row["process"]: _totals(row["totals"]) for row in await connection.fetch(SQL["known"], names)}
            grew, now = grown(snapshots, known)
            await connection.execute(SQL["know"], list(now), [_encode(found).decode() for found in now.values()], at)
            if grew:
                await connection.execute(SQL["count_minute"], minute_of(at), *_columns(grew))
            since = minute_of(at) - timedelta(minutes=WINDOW - 1)
            recent = {
                row["component"]: Tally(row["good"], row["bad"]) for row in await connection.fetch(SQL["recent"], since)
            }
            found_states = states(recent, away=away)
            await connection.execute(SQL["set_states"], list(found_states), list(found_states.values()), at)
            seconds = (at - last).total_seconds() if at - last < timedelta(seconds=_LONGEST_GAP) else 0.0
            seconds = max(0.0, seconds)
            parts: dict[str, Tally] = {part: grew.get(part, Tally()) for part in PARTS}
            down = [found_states[part] == "down" for part in PARTS]
            await connection.execute(
                SQL["count_day"],
                at.date(),
                *_columns(parts),
                [0.0 if each else seconds for each in down],
                [seconds if each else 0.0 for each in down],
            )
            await connection.execute(SQL["measured"], at)
            return True

    async def forget(self, at: datetime) -> None:
        await self._postgres.execute("status.forget_days", SQL["forget_days"], (at - _KEPT).date())


class PostgresStatus:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def version(self) -> int:
        return int(await self._postgres.fetchval("status.version", SQL["version"]))

    async def board(self, today: date) -> Board:
        async with (
            self._postgres.lease("status.board") as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            days = await connection.fetch(SQL["days"], today - timedelta(days=DAYS - 1))
            present = {row["component"]: row for row in await connection.fetch(SQL["components"])}
            incidents = await _incidents(connection, await connection.fetch(SQL["incidents"], SHOWN))
        return Board(
            today=today,
            parts=tuple(
                PartStatus(
                    part=part,
                    name=name,
                    state=present[part]["state"] if part in present else "operational",
                    since=present[part]["since"] if part in present else None,
                    days=tuple(_day(row) for row in days if row["component"] == part),
                )
                for part, name in PARTS.items()
            ),
            incidents=tuple(incidents),
        )

    async def incident(self, incident_id: int) -> PublicIncident | None:
        async with self._postgres.lease("status.incident") as connection:
            found = await _incidents(connection, await connection.fetch(SQL["incident"], incident_id))
        return found[0] if found else None

    async def tell(self, incident_id: int, update: NewUpdate, *, by: str, at: datetime) -> PublicIncident:
        async with self._postgres.lease("status.tell") as connection, connection.transaction():
            held = await connection.fetchrow(SQL["hold_incident"], incident_id)
            if held is None:
                raise NotFound(f"there is no incident {incident_id}")
            if held["merged_into"] is not None:
                raise Conflict(f"incident {incident_id} went into incident {held['merged_into']}: tell of that one")
            known = await connection.fetchrow(SQL["incident"], incident_id)
            title = update.title or (known["title"] if known else None)
            if title is None:
                raise Invalid("title is required with the first update: what customers notice, in a few words")
            components = None if update.components is None else list(dict.fromkeys(update.components))
            await connection.execute(SQL["open"], incident_id, title, components, update.status, at)
            number = await connection.fetchval(SQL["tell"], incident_id, at, update.status, update.text, by)
            await connection.execute(SQL["queue_update"], number, at)
            await connection.execute(SQL["changed"])
            fact = Changed(what=STATUS_PAGE, change=f"{update.status}: {update.text}"[:1000])
            await journal.append(connection, [Event(at=at, actor=by, fact=fact, incident_id=incident_id)])
            return (await _incidents(connection, await connection.fetch(SQL["incident"], incident_id)))[0]

    async def standing(self, incident_id: int) -> Standing:
        found = await self.incident(incident_id)
        if found is None:
            return "untold"
        return "published" if found.report else "told"

    async def publish(self, incident_id: int, report: Document, *, by: str, at: datetime) -> None:
        async with self._postgres.lease("status.publish") as connection, connection.transaction():
            text = printing.body(report, level=2)
            if await connection.fetchval(SQL["publish"], incident_id, text, at) is None:
                raise Conflict("the public knows nothing of this incident: tell of it first, with an update")
            await connection.execute(SQL["changed"])
            fact = Changed(what=STATUS_PAGE, change="the report was published")
            await journal.append(connection, [Event(at=at, actor=by, fact=fact, incident_id=incident_id)])


async def _incidents(connection: Connection, rows: Sequence[Row]) -> Sequence[PublicIncident]:
    updates: dict[int, list[Update]] = {}
    for row in await connection.fetch(SQL["updates"], [row["incident_id"] for row in rows]):
        update = Update(id=row["id"], at=row["at"], status=row["status"], text=row["text"])
        updates.setdefault(row["incident_id"], []).append(update)
    return [
        PublicIncident(
            incident_id=row["incident_id"],
            title=row["title"],
            components=tuple(row["components"]),
            status=row["status"],
            opened_at=row["opened_at"],
            closed_at=row["closed_at"],
            updates=tuple(updates.get(row["incident_id"], ())),
            report=row["report"] or "",
        )
        for row in rows
    ]


def _day(row: Row) -> Day:
    return Day(day=row["day"], up=row["up_seconds"], down=row["down_seconds"], good=row["good"], bad=row["bad"])


def _columns(tallies: Totals) -> tuple[list[str], list[int], list[int]]:
    return list(tallies), [tally.good for tally in tallies.values()], [tally.bad for tally in tallies.values()]
