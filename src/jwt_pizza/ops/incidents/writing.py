"""What several transactions on incidents do: declare, link, tell."""

from datetime import datetime

from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.kit.postgres import Connection
from jwt_pizza.ops.events import journal
from jwt_pizza.ops.events.model import AnyFact, Event, IncidentDeclared
from jwt_pizza.ops.events.of_incidents import GroupLinked, GroupUnlinked
from jwt_pizza.ops.incidents.model import Declaration, Incident
from jwt_pizza.ops.incidents.rows import SQL, incident_of


async def declared(connection: Connection, declaration: Declaration, *, by: str, at: datetime) -> Incident:
    """Raises Conflict when its group belongs to another one."""
    incident_id = await connection.fetchval(
        SQL["declare"],
        declaration.title,
        declaration.severity,
        declaration.by_hand,
        min(declaration.started_at, at),
        at,
        by,
        declaration.key,
    )
    if incident_id is None:
        return await found(connection, await connection.fetchval(SQL["find_key"], declaration.key))
    fact = IncidentDeclared(title=declaration.title, severity=declaration.severity)
    await told(connection, incident_id, fact, by, at)
    if declaration.group_id is not None:
        await linked(connection, incident_id, declaration.group_id, by=by, at=at)
    return await found(connection, incident_id)


async def linked(connection: Connection, incident_id: int, group_id: int, *, by: str, at: datetime) -> None:
    group = await connection.fetchrow(SQL["group"], group_id)
    if group is None:
        raise NotFound(f"there is no alert group {group_id}")
    await connection.execute(SQL["link"], group_id, incident_id, at)
    await told(connection, incident_id, GroupLinked(group=group_id, title=group["title"]), by, at)
    if group["incident_id"] is not None:
        await told(connection, group["incident_id"], GroupUnlinked(group=group_id), by, at)


async def told(
    connection: Connection, incident_id: int, fact: AnyFact, by: str, at: datetime, key: str | None = None
) -> None:
    await journal.append(connection, [Event(at=at, fact=fact, actor=by, incident_id=incident_id, key=key)])


async def taken_up(connection: Connection, incident_id: int) -> Incident:
    row = await connection.fetchrow(SQL["take_up"], incident_id)
    if row is None:
        raise NotFound(f"there is no incident {incident_id}")
    return incident_of(row)


async def found(connection: Connection, incident_id: int) -> Incident:
    row = await connection.fetchrow(SQL["get"], incident_id)
    if row is None:
        raise LookupError("a locked incident is gone")
    return incident_of(row)
