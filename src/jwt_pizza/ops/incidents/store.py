"""Incidents in PostgreSQL: each change is one commit with its event, on the row that it found."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Final

import msgspec

from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.kit.postgres import Connection, Postgres
from jwt_pizza.ops.events import journal
from jwt_pizza.ops.events.model import AnyFact, Recorded
from jwt_pizza.ops.events.of_incidents import (
    FollowUpAdded,
    FollowUpClosed,
    GroupUnlinked,
    IncidentMerged,
    IncidentRenamed,
    IncidentTookIn,
    RoleGiven,
    SeverityAssessed,
)
from jwt_pizza.ops.incidents import verbs
from jwt_pizza.ops.incidents.model import (
    AFTER,
    BEFORE,
    Declaration,
    FollowUp,
    FollowUpState,
    Incident,
    Role,
    Severity,
    Verb,
)
from jwt_pizza.ops.incidents.rows import SQL, follow_up_of, incident_of, number_of, write
from jwt_pizza.ops.incidents.writing import declared, found, linked, taken_up, told

_MOST_EVENTS: Final = 10_000


class PostgresIncidents:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def declare(self, declaration: Declaration, *, by: str, via: str, at: datetime) -> Incident:  # noqa: ARG002
        async with self._postgres.lease("incidents.declare") as connection, connection.transaction():
            if declaration.group_id is not None:
                await _free_group(connection, declaration.group_id)
            return await declared(connection, declaration, by=by, at=at)

    async def get(self, incident_id: int) -> Incident | None:
        row = await self._postgres.fetchrow("incidents.get", SQL["get"], incident_id)
        return incident_of(row) if row else None

    async def of_group(self, group_id: int) -> int | None:
        found = await self._postgres.fetchrow("incidents.of_group", SQL["group"], group_id)
        return None if found is None or found["incident_id"] is None else int(found["incident_id"])

    async def list(self, *, state: str | None, before: int | None, take: int) -> Sequence[Incident]:
        rows = await self._postgres.fetch("incidents.list", SQL["list"], state, before, take)
        return [incident_of(row) for row in rows]

    async def advance(
        self, incident_id: int, verb: Verb, *, by: str, via: str, at: datetime, because: str = ""
    ) -> Incident:
        async with self._taken(incident_id) as (connection, incident):
            changed, fact = verbs.advance(incident, verb, by=by, via=via, at=at, because=because)
            if fact is not None:
                moment = changed.mitigated_at if verb == "mitigate" else None
                await _done(connection, changed, fact, by, moment or at)
                if verb == "acknowledge" and "commander" not in changed.roles and (person := number_of(by)):
                    await _give(connection, changed, "commander", person, by, at)
            return await found(connection, incident_id)

    async def assess(self, incident_id: int, severity: Severity | None, *, by: str, at: datetime) -> Incident:
        async with self._taken(incident_id) as (connection, incident):
            verbs.live(incident)
            measured = incident.impact.severity if incident.impact else None
            changed = msgspec.structs.replace(
                incident, severity=severity or measured or incident.severity, severity_by_hand=severity is not None
            )
            if changed != incident:
                because = "by hand" if severity else "what was measured counts again"
                await _done(connection, changed, SeverityAssessed(severity=changed.severity, because=because), by, at)
            return await found(connection, incident_id)

    async def rename(self, incident_id: int, title: str, *, by: str, at: datetime) -> Incident:
        async with self._taken(incident_id) as (connection, incident):
            verbs.live(incident)
            if title != incident.title:
                changed = msgspec.structs.replace(incident, title=title)
                await _done(connection, changed, IncidentRenamed(title=title), by, at)
            return await found(connection, incident_id)

    async def give_role(
        self, incident_id: int, role: Role, person_id: int | None, *, by: str, at: datetime
    ) -> Incident:
        async with self._taken(incident_id) as (connection, incident):
            verbs.live(incident)
            if person_id is not None:
                await _person(connection, person_id)
            if incident.roles.get(role) != person_id:
                await _give(connection, incident, role, person_id, by, at)
            return await found(connection, incident_id)

    async def link_group(self, incident_id: int, group_id: int, *, by: str, at: datetime) -> Incident:
        async with self._taken(incident_id) as (connection, incident):
            verbs.live(incident)
            if group_id not in incident.groups:
                await linked(connection, incident_id, group_id, by=by, at=at)
            return await found(connection, incident_id)

    async def unlink_group(self, incident_id: int, group_id: int, *, by: str, at: datetime) -> Incident:
        async with self._taken(incident_id) as (connection, incident):
            verbs.live(incident)
            if await connection.fetchval(SQL["unlink"], incident_id, group_id) is None:
                raise NotFound(f"alert group {group_id} does not belong to incident {incident_id}")
            await told(connection, incident_id, GroupUnlinked(group=group_id), by, at)
            return await found(connection, incident_id)

    async def merge(self, incident_id: int, into: int, *, by: str, at: datetime) -> Incident:
        if incident_id == into:
            raise Invalid("an incident cannot be merged into itself")
        async with self._postgres.lease("incidents.merge") as connection, connection.transaction():
            # In the order of their ids, so that two merges do not wait for each other.
            pair = {number: await taken_up(connection, number) for number in sorted((incident_id, into))}
            one, other = pair[incident_id], pair[into]
            for each in (one, other):
                verbs.live(each)
                if each.state == "reviewed":
                    raise Conflict(f"incident {each.id} is reviewed: it stays as it is")
            if one.amends is not None:
                raise Conflict(f"amends were planned for incident {one.id}: merge the other one into it")
            await write(connection, msgspec.structs.replace(one, merged_into=into), look_at=None)
            for query in ("move_groups", "move_follow_ups", "move_merged"):
                await connection.execute(SQL[query], incident_id, into)
            kept = msgspec.structs.replace(other, started_at=min(one.started_at, other.started_at))
            await write(connection, kept, look_at=at)
            await told(connection, incident_id, IncidentMerged(into=into), by, at)
            await told(connection, into, IncidentTookIn(incident=incident_id, title=one.title), by, at)
            return await found(connection, into)

    async def note(self, incident_id: int, fact: AnyFact, *, by: str, at: datetime, key: str | None = None) -> None:
        async with self._taken(incident_id) as (connection, incident):
            verbs.live(incident)
            await told(connection, incident_id, fact, by, at, key)

    async def add_follow_up(
        self, incident_id: int, text: str, *, owner_id: int | None, due_on: date | None, by: str, at: datetime
    ) -> FollowUp:
        async with self._taken(incident_id) as (connection, incident):
            verbs.live(incident)
            if owner_id is not None:
                await _person(connection, owner_id)
            row = await connection.fetchrow(SQL["add_follow_up"], incident_id, text, owner_id, due_on, at, by)
            made = follow_up_of(row)
            due = due_on.isoformat() if due_on else ""
            fact = FollowUpAdded(follow_up=made.id, text=text, owner_id=owner_id, due=due)
            await told(connection, incident_id, fact, by, at)
            return made

    async def close_follow_up(self, follow_up_id: int, state: FollowUpState, *, by: str, at: datetime) -> FollowUp:
        async with self._postgres.lease("incidents.close_follow_up") as connection, connection.transaction():
            row = await connection.fetchrow(SQL["get_follow_up"], follow_up_id)
            if row is None:
                raise NotFound(f"there is no follow-up {follow_up_id}")
            if row["state"] == state:
                return follow_up_of(row)
            closed_at = None if state == "open" else at
            made = follow_up_of(await connection.fetchrow(SQL["close_follow_up"], follow_up_id, state, closed_at))
            fact = FollowUpClosed(follow_up=made.id, text=made.text, state=state)
            await told(connection, made.incident_id, fact, by, at)
            return made

    async def follow_ups(self, incident_id: int) -> Sequence[FollowUp]:
        rows = await self._postgres.fetch("incidents.follow_ups", SQL["follow_ups"], incident_id)
        return [follow_up_of(row) for row in rows]

    async def timeline(self, incident_id: int) -> Sequence[Recorded]:
        arguments = (incident_id, BEFORE, AFTER, _MOST_EVENTS)
        rows = await self._postgres.fetch("incidents.timeline", SQL["timeline"], *arguments)
        return [journal.recorded(row) for row in rows]

    @asynccontextmanager
    async def _taken(self, incident_id: int) -> AsyncIterator[tuple[Connection, Incident]]:
        async with self._postgres.lease("incidents.change") as connection, connection.transaction():
            yield connection, await taken_up(connection, incident_id)


async def _done(connection: Connection, changed: Incident, fact: AnyFact, by: str, at: datetime) -> None:
    await write(connection, changed, look_at=at)
    await told(connection, changed.id, fact, by, at)


async def _give(
    connection: Connection, incident: Incident, role: Role, person_id: int | None, by: str, at: datetime
) -> None:
    if person_id is None:
        await connection.execute(SQL["unset_role"], incident.id, role)
    else:
        await connection.execute(SQL["set_role"], incident.id, role, person_id)
    await told(connection, incident.id, RoleGiven(role=role, person_id=person_id), by, at)


async def _free_group(connection: Connection, group_id: int) -> None:
    group = await connection.fetchrow(SQL["group"], group_id)
    if group is None:
        raise NotFound(f"there is no alert group {group_id}")
    if group["incident_id"] is not None:
        raise Conflict(f"alert group {group_id} belongs to incident {group['incident_id']}")


async def _person(connection: Connection, person_id: int) -> None:
    if not await connection.fetchval(SQL["is_person"], person_id):
        raise Invalid(f"there is no person {person_id}")
