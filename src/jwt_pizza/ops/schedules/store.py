"""Schedules, overrides and who was on call in PostgreSQL."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events.journal import append
from jwt_pizza.ops.events.model import Event, OnCallChanged, actor_of
from jwt_pizza.ops.people.holding import hold_people, note
from jwt_pizza.ops.people.model import Naming
from jwt_pizza.ops.schedules.foreign import Entry, resolved
from jwt_pizza.ops.schedules.lineup import Lineup, Override, Standing, changes, on_call
from jwt_pizza.ops.schedules.model import Change, Draft, Due, NewOverride, Schedule
from jwt_pizza.ops.schedules.rotation import Rotation, Shift

SQL: Final = Queries(__package__)
_SILENCE: Final = timedelta(minutes=5)
"""While nothing changes, how far the log has come is written so often."""
_LONGEST_SILENCE: Final = timedelta(days=31)
"""History is told no further back when nothing ran for longer."""
_TAKEN: Final = "a schedule of that name exists already"


class PostgresSchedules:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def all(self, since: datetime) -> Sequence[Schedule]:
        async with self._postgres.lease("schedules.all") as connection:
            return [made for _, made in await _read(connection, None, since)]

    async def get(self, schedule_id: int, since: datetime) -> Schedule:
        async with self._postgres.lease("schedules.get") as connection:
            return await _one(connection, schedule_id, since)

    async def add(self, draft: Draft, *, by: str, at: datetime) -> int:
        async with self._postgres.lease("schedules.add") as connection, connection.transaction():
            await _hold_team(connection, draft.team_id)
            schedule_id = await connection.fetchval(
                SQL["add"],
                draft.team_id,
                draft.name,
                draft.time_zone,
                secrets.token_urlsafe(24),
                draft.calendar_url,
                at if draft.calendar_url else None,
            )
            if schedule_id is None:
                raise Conflict(_TAKEN)
            await _set_layers(connection, schedule_id, draft.layers)
            await note(connection, by, at, f"schedule {draft.name}", "added")
            await _catch_up(connection, schedule_id, at)
        return int(schedule_id)

    async def change(self, schedule_id: int, change: Change, *, by: str, at: datetime) -> None:
        try:
            async with self._postgres.lease("schedules.change") as connection, connection.transaction():
                what = await _lock(connection, schedule_id, at)
                if change.team_id is not None:
                    await _hold_team(connection, change.team_id)
                await connection.execute(
                    SQL["change"],
                    schedule_id,
                    change.team_id,
                    change.name,
                    change.time_zone,
                    change.calendar_url,
                    at,
                )
                if change.layers is not None:
                    await connection.execute(SQL["clear_layers"], schedule_id)
                    await _set_layers(connection, schedule_id, change.layers)
                await note(connection, by, at, what, "changed")
                await _catch_up(connection, schedule_id, at)
        except asyncpg.UniqueViolationError as error:
            raise Conflict(_TAKEN) from error

    async def remove(self, schedule_id: int, *, by: str, at: datetime) -> Sequence[Naming]:
        async with self._postgres.lease("schedules.remove") as connection, connection.transaction():
            what = await _lock(connection, schedule_id, at)
            naming = await connection.fetch(SQL["names_schedule"], schedule_id)
            if naming:
                return [Naming("chain", row["name"]) for row in naming]
            await connection.execute(SQL["remove"], schedule_id, at)
            await note(connection, by, at, what, "removed")
        return []

    async def new_feed_token(self, schedule_id: int, token: str, *, by: str, at: datetime) -> None:
        async with self._postgres.lease("schedules.new_feed_token") as connection, connection.transaction():
            name = await connection.fetchval(SQL["new_feed_token"], schedule_id, token)
            if name is None:
                raise NotFound("unknown schedule")
            await note(connection, by, at, f"schedule {name}", "calendar address renewed")

    async def feed_of(self, person_id: int) -> str | None:
        token = await self._postgres.fetchval("schedules.feed_of", SQL["person_feed"], person_id)
        return token if isinstance(token, str) else None

    async def override(self, schedule_id: int, override: NewOverride, *, person: int, at: datetime) -> Override:
        concerned = [found for found in (override.person_id, override.replaces_id) if found is not None]
        async with self._postgres.lease("schedules.override") as connection, connection.transaction():
            what = await _lock(connection, schedule_id, at)
            await hold_people(connection, concerned)
            override_id = await connection.fetchval(
                SQL["override"],
                schedule_id,
                override.kind,
                override.person_id,
                override.replaces_id,
                override.starts,
                override.ends,
                person,
            )
            await note(connection, actor_of(person), at, what, f"override {override_id} added")
            await _catch_up(connection, schedule_id, at)
        return Override(id=override_id, created_by=person, **msgspec.structs.asdict(override))

    async def remove_override(self, override_id: int, *, by: str, at: datetime) -> None:
        async with self._postgres.lease("schedules.remove_override") as connection, connection.transaction():
            schedule_id = await connection.fetchval(SQL["schedule_of_override"], override_id)
            if schedule_id is None:
                raise NotFound("unknown override")
            what = await _lock(connection, schedule_id, at)
            if await connection.fetchval(SQL["remove_override"], override_id, at) is None:
                raise NotFound("unknown override")
            await note(connection, by, at, what, f"override {override_id} removed")
            await _catch_up(connection, schedule_id, at)

    async def record(self, at: datetime) -> int:
        told = 0
        for schedule in await self.all(at):
            async with self._postgres.lease("schedules.record") as connection, connection.transaction():
                if await connection.fetchval(SQL["lock_free"], schedule.id, at) is not None:
                    told += await _catch_up(connection, schedule.id, at)
        return told

    async def history(self, schedule_id: int, since: datetime, until: datetime) -> Sequence[Standing]:
        rows = await self._postgres.fetch("schedules.history", SQL["history"], schedule_id, since, until)
        facts = [(row["at"], msgspec.json.decode(row["data"], type=OnCallChanged)) for row in rows]
        return [Standing(moment, fact.people) for moment, fact in facts]

    async def due(self, at: datetime, again_at: datetime) -> Due | None:
        row = await self._postgres.fetchrow("schedules.due", SQL["due"], at, again_at)
        return Due(row["id"], row["calendar_url"], row["time_zone"]) if row else None

    async def keep(self, due: Due, entries: Sequence[Entry], at: datetime) -> None:
        text = msgspec.json.encode(entries).decode()
        async with self._postgres.lease("schedules.keep") as connection, connection.transaction():
            await _lock(connection, due.schedule_id, at)
            await connection.execute(SQL["keep"], due.schedule_id, due.url, text, at, due.time_zone)
            await _catch_up(connection, due.schedule_id, at)

    async def fail(self, due: Due, error: str) -> None:
        await self._postgres.execute("schedules.fail", SQL["fail"], due.schedule_id, due.url, error)


async def _read(connection: Connection, schedule_id: int | None, since: datetime) -> list[tuple[Row, Schedule]]:
    rows = await connection.fetch(SQL["schedules"], schedule_id, since)
    known: dict[str, int] = {}
    if any(row["calendar_url"] for row in rows):
        for person in await connection.fetch(SQL["known"]):
            # Of two of one name the first one: they are read last to first.
            known[person["name"].casefold()] = person["id"]
            if person["email_key"]:
                known[person["email_key"]] = person["id"]
    return [(row, _schedule(row, known)) for row in rows]


async def _one(connection: Connection, schedule_id: int, since: datetime) -> Schedule:
    for _, made in await _read(connection, schedule_id, since):
        return made
    raise NotFound("unknown schedule")


async def _lock(connection: Connection, schedule_id: int, at: datetime) -> str:
    """And tells the log what was so until now, before it is changed; gives what the log calls it."""
    name = await connection.fetchval(SQL["lock"], schedule_id)
    if name is None:
        raise NotFound("unknown schedule")
    await _catch_up(connection, schedule_id, at)
    return f"schedule {name}"


async def _catch_up(connection: Connection, schedule_id: int, at: datetime) -> int:
    """Within a transaction that has locked the schedule."""
    [(row, schedule)] = await _read(connection, schedule_id, _window(at))
    reached = row["standing_at"]
    events: list[Standing] = []
    if reached is None:
        events = [Standing(at, on_call(schedule.lineup, at))]
    else:
        begun = max(reached, _window(at))
        standing = on_call(schedule.lineup, begun)
        if standing != tuple(row["standing"]):
            events.append(Standing(begun, standing))
        if begun < at:
            events += changes(schedule.lineup, begun, at)
    if events or reached is None or at - reached > _SILENCE:
        last = events[-1].people if events else tuple(row["standing"])
        await connection.execute(SQL["stand"], schedule_id, list(last), max(at, reached or at))
    facts = [
        (event.at, OnCallChanged(schedule_id=schedule_id, schedule=schedule.name, people=event.people))
        for event in events
    ]
    await append(connection, [Event(at=moment, fact=fact) for moment, fact in facts])
    return len(events)


def _window(at: datetime) -> datetime:
    return at - _LONGEST_SILENCE


async def _hold_team(connection: Connection, team_id: int) -> None:
    if await connection.fetchval(SQL["hold_team"], team_id) is None:
        raise Invalid(f"there is no team {team_id}")


async def _set_layers(connection: Connection, schedule_id: int, layers: Sequence[Rotation]) -> None:
    await hold_people(connection, [person_id for layer in layers for person_id in layer.people])
    encoded = [msgspec.json.encode(layer).decode() for layer in layers]
    await connection.execute(SQL["add_layers"], schedule_id, encoded)


def _schedule(row: Row, known: dict[str, int]) -> Schedule:
    kept: tuple[Shift, ...] | None = None
    unknown: tuple[str, ...] = ()
    if row["calendar_url"]:
        kept, unknown = resolved(msgspec.json.decode(row["calendar"], type=list[Entry]), known)
    return Schedule(
        id=row["id"],
        team_id=row["team_id"],
        name=row["name"],
        feed_token=row["feed_token"],
        lineup=Lineup(
            time_zone=row["time_zone"],
            layers=msgspec.json.decode(row["layers"], type=tuple[Rotation, ...]),
            overrides=msgspec.json.decode(row["overrides"], type=tuple[Override, ...]),
            kept=kept,
        ),
        calendar_url=row["calendar_url"],
        calendar_read_at=row["calendar_read_at"],
        calendar_error=row["calendar_error"],
        unknown=unknown,
    )
