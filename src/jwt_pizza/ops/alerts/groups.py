"""Groups in PostgreSQL, and what people do with them: one commit with its event, on the row that it found."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.errors import Invalid, NotFound
from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.ops.alerts import verbs
from jwt_pizza.ops.alerts.model import Alert, Group, Via, Wanted
from jwt_pizza.ops.alerts.rows import GroupRow
from jwt_pizza.ops.alerts.writing import SQL, group_row, write_groups
from jwt_pizza.ops.chains.model import AnyStep, GoToStep, NotifyPeople, Wait
from jwt_pizza.ops.events import journal
from jwt_pizza.ops.events.model import Event

_MOST_ALERTS: Final = 1000
_AGAIN: Final = 300.0
"""Seconds after which who a group is assigned to is paged again."""
_strings: Final = msgspec.json.Decoder(dict[str, str]).decode


class PostgresGroups:
    def __init__(self, postgres: Postgres, *, ring: Callable[[], object] = lambda: None) -> None:
        """`ring` is called after a commit that may have given the pager work."""
        self._postgres = postgres
        self._ring = ring

    async def get(self, group_id: int) -> Group | None:
        row = await self._postgres.fetchrow("groups.get", SQL["get"], group_id)
        return group_of(row) if row else None

    async def unresolved(self) -> Mapping[str, int]:
        """How many there are of each status."""
        rows = await self._postgres.fetch("groups.unresolved", SQL["unresolved"])
        return {row["status"]: row["count"] for row in rows}

    async def find(self, wanted: Wanted) -> Sequence[Group]:
        unresolved = wanted.status not in {None, "resolved"}
        rows = await self._postgres.fetch(
            "groups.find",
            SQL["find_open"] if unresolved else SQL["find"],
            None if wanted.status == "open" else wanted.status,
            wanted.severity,
            wanted.route_id,
            text.like(f"*{wanted.text}*") if wanted.text else None,
            wanted.since,
            wanted.before,
            wanted.limit,
        )
        return [group_of(row) for row in rows]

    async def alerts_of(self, group_id: int) -> Sequence[Alert]:
        rows = await self._postgres.fetch("groups.alerts_of", SQL["alerts_of"], group_id, _MOST_ALERTS)
        return [alert_of(row) for row in rows]

    async def firing(self, most: int) -> Sequence[Alert]:
        return [alert_of(row) for row in await self._postgres.fetch("groups.firing", SQL["firing_now"], most)]

    async def acknowledge(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group:
        async with self._postgres.lease("groups.acknowledge") as connection, connection.transaction():
            group, row = await _taken(connection, group_id)
            facts = verbs.acknowledge(
                group, by, via, at, remind=row["remind_seconds"], unacknowledge=row["unacknowledge_seconds"]
            )
            return await _done(connection, group, facts, by, at)

    async def unacknowledge(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group:
        return await self._do(group_id, lambda group: verbs.unacknowledge(group, via, at), by, at)

    async def resolve(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group:
        return await self._do(group_id, lambda group: verbs.resolve(group, by, via, at), by, at)

    async def silence(self, group_id: int, until: datetime, *, by: str, via: Via, at: datetime) -> Group:
        return await self._do(group_id, lambda group: verbs.silence(group, until, via), by, at)

    async def unsilence(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group:
        return await self._do(group_id, lambda group: verbs.unsilence(group, via, at), by, at)

    async def escalate(self, group_id: int, *, by: str, via: Via, at: datetime) -> Group:
        return await self._do(group_id, lambda group: verbs.escalate(group, via, at), by, at)

    async def assign(self, group_id: int, person_id: int, *, by: str, via: Via, at: datetime) -> Group:
        async with self._postgres.lease("groups.assign") as connection, connection.transaction():
            group, _ = await _taken(connection, group_id)
            facts = verbs.assign(group, person_id, via, at)
            if not await connection.fetchval(SQL["is_person"], person_id):
                raise Invalid(f"personId: there is no person {person_id}")
            await connection.execute(SQL["reassign"], group_id, _chain(person_id))
            done = await _done(connection, group, facts, by, at)
        self._ring()
        return done

    async def _do(self, group_id: int, verb: Callable[[GroupRow], verbs.Facts], by: str, at: datetime) -> Group:
        async with self._postgres.lease("groups.do") as connection, connection.transaction():
            group, _ = await _taken(connection, group_id)
            done = await _done(connection, group, verb(group), by, at)
        self._ring()
        return done


async def _taken(connection: Connection, group_id: int) -> tuple[GroupRow, Row]:
    row = await connection.fetchrow(SQL["take_up"], group_id)
    if row is None:
        raise NotFound(f"there is no alert group {group_id}")
    return group_row(row), row


async def _done(connection: Connection, group: GroupRow, facts: verbs.Facts, by: str, at: datetime) -> Group:
    if facts:
        await write_groups(connection, [group])
        events = [Event(at=at, fact=fact, actor=by, group_id=group.id) for fact in facts]
        await journal.append(connection, events)
    row = await connection.fetchrow(SQL["get"], group.id)
    if row is None:
        raise LookupError("a locked group is gone")
    return group_of(row)


def _chain(person_id: int) -> str:
    """Pages one person, and again, until they acknowledge."""
    steps: tuple[AnyStep, ...] = (
        NotifyPeople(person_ids=(person_id,), importance="important"),
        Wait(seconds=_AGAIN),
        GoToStep(step=0),
    )
    return msgspec.json.encode(steps).decode()


def group_of(row: Row) -> Group:
    return Group(
        id=row["id"],
        key=row["key"],
        title=row["title"],
        severity=row["severity"],
        status=row["status"],
        firing=row["firing"],
        loud=row["loud"],
        labels=_strings(row["labels"]),
        opened_at=row["opened_at"],
        last_alert_at=row["last_alert_at"],
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=row["acknowledged_by"],
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
        silenced_until=row["silenced_until"],
        route_id=row["route_id"],
        generation=row["generation"],
        next_action_at=row["next_action_at"],
    )


def alert_of(row: Row) -> Alert:
    return Alert(
        group_id=row["group_id"],
        fingerprint=row["fingerprint"],
        status=row["status"],
        source=row["source"],
        labels=_strings(row["labels"]),
        annotations=_strings(row["annotations"]),
        generator_url=row["generator_url"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        how=row["how"],
        last_seen_at=row["last_seen_at"],
        stale_at=row["stale_at"],
        muted=row["muted"],
    )
