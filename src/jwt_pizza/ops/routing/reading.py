"""The rules out of PostgreSQL, for whoever decides about alerts within a transaction of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.routing.matching import Matcher
from jwt_pizza.ops.routing.model import Inhibition, Route, Rules, Silence

SQL: Final = Queries(__package__)
_matchers: Final = msgspec.json.Decoder(tuple[Matcher, ...]).decode
_MOST: Final = 10_000


async def locked(connection: Connection) -> None:
    """Until the transaction ends nobody else decides about alerts, and no rule changes."""
    await connection.execute(SQL["lock"])


async def current(connection: Connection, known: Rules | None, at: datetime) -> Rules:
    """`known` again, unless rules have changed meanwhile."""
    version = await connection.fetchval(SQL["version"])
    if known is not None and known.version == version:
        return known
    routes = await connection.fetch(SQL["routes"])
    silences = await connection.fetch(SQL["silences"], at, _MOST)
    inhibitions = await connection.fetch(SQL["inhibitions"])
    return Rules(
        version,
        [route_of(row) for row in routes],
        [silence_of(row) for row in silences],
        [inhibition_of(row) for row in inhibitions],
    )


async def any_due(postgres: Postgres, at: datetime) -> bool:
    """Whether there is work for `due`."""
    return bool(await postgres.fetchval("alerts.any_due", SQL["any_due"], at))


async def due(connection: Connection, at: datetime) -> tuple[Sequence[Silence], bool]:
    """Silences that begin or are over, and whether inhibition rules changed. Each is told once, to who commits it."""
    silences = [silence_of(row) for row in await connection.fetch(SQL["due_silences"], at)]
    return silences, await connection.fetchval(SQL["looked_at"]) is not None


def route_of(row: Row) -> Route:
    return Route(
        id=row["id"],
        position=row["position"],
        name=row["name"],
        matchers=_matchers(row["matchers"]),
        group_by=list(row["group_by"]),
        chain_id=row["chain_id"],
        remind_seconds=row["remind_seconds"],
        unacknowledge_seconds=row["unacknowledge_seconds"],
    )


def silence_of(row: Row) -> Silence:
    return Silence(
        id=row["id"],
        kind=row["kind"],
        matchers=_matchers(row["matchers"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        comment=row["comment"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
    )


def inhibition_of(row: Row) -> Inhibition:
    return Inhibition(
        id=row["id"], source=_matchers(row["source"]), target=_matchers(row["target"]), equal=tuple(row["equal"])
    )
