"""Routes, silences and inhibition rules in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import msgspec

from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.ops.events import journal
from jwt_pizza.ops.events.model import Changed, Event
from jwt_pizza.ops.routing.matching import Matcher
from jwt_pizza.ops.routing.model import Inhibition, InhibitionPlan, Route, RoutePlan, Silence, SilencePlan
from jwt_pizza.ops.routing.reading import SQL, inhibition_of, locked, route_of, silence_of


class PostgresRouting:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def routes(self) -> Sequence[Route]:
        return [route_of(row) for row in await self._postgres.fetch("routing.routes", SQL["routes"])]

    async def add_route(self, plan: RoutePlan, *, by: str, at: datetime) -> Route:
        async with self._change("routing.add_route") as connection:
            row = _found(await connection.fetchrow(SQL["add_route"], *_columns(plan)), "the route")
            await _tell(connection, f"route {plan.name}", f"added: {_shown(plan)}", by=by, at=at)
        return route_of(row)

    async def change_route(self, route_id: int, plan: RoutePlan, *, by: str, at: datetime) -> Route:
        async with self._change("routing.change_route") as connection:
            row = _found(await connection.fetchrow(SQL["change_route"], route_id, *_columns(plan)), "this route")
            await _tell(connection, f"route {plan.name}", f"changed: {_shown(plan)}", by=by, at=at)
        return route_of(row)

    async def order_routes(self, route_ids: Sequence[int], *, by: str, at: datetime) -> Sequence[Route]:
        async with self._change("routing.order_routes") as connection:
            known = [route_of(row) for row in await connection.fetch(SQL["routes"])]
            wanted = {route.id for route in known if not route.is_default}
            if wanted != set(route_ids) or len(route_ids) != len(wanted):
                raise Invalid(f"name each route but the default one once: {', '.join(map(str, sorted(wanted)))}")
            await connection.execute(SQL["order_routes"], list(route_ids))
            await _tell(connection, "routes", f"ordered: {', '.join(map(str, route_ids))}", by=by, at=at)
            return [route_of(row) for row in await connection.fetch(SQL["routes"])]

    async def remove_route(self, route_id: int, *, by: str, at: datetime) -> None:
        async with self._change("routing.remove_route") as connection:
            row = await connection.fetchrow(SQL["remove_route"], route_id, at)
            if row is None:
                raise NotFound("no such route, or it is the default one, which stays")
            await _tell(connection, f"route {row['name']}", "removed", by=by, at=at)

    async def silences(self, *, ended: bool, at: datetime, most: int) -> Sequence[Silence]:
        if ended:
            rows = await self._postgres.fetch("routing.silences", SQL["all_silences"], most)
        else:
            rows = await self._postgres.fetch("routing.silences", SQL["silences"], at, most)
        return [silence_of(row) for row in rows]

    async def add_silence(
        self, plan: SilencePlan, starts_at: datetime, ends_at: datetime, *, by: str, at: datetime
    ) -> Silence:
        async with self._change("routing.add_silence") as connection:
            row = await connection.fetchrow(
                SQL["add_silence"], plan.kind, _json(plan.matchers), starts_at, ends_at, plan.comment, by, at
            )
            silence = silence_of(_found(row, "the silence"))
            about = f"added until {ends_at:%Y-%m-%d %H:%M} UTC for {_written(plan.matchers)}"
            await _tell(connection, f"{plan.kind} {silence.id}", about, by=by, at=at)
        return silence

    async def end_silence(self, silence_id: int, *, by: str, at: datetime) -> Silence:
        async with self._change("routing.end_silence") as connection:
            silence = silence_of(
                _found(await connection.fetchrow(SQL["end_silence"], silence_id, at), "this silence, or it is over")
            )
            await _tell(connection, f"{silence.kind} {silence.id}", "ended", by=by, at=at)
        return silence

    async def inhibitions(self) -> Sequence[Inhibition]:
        rows = await self._postgres.fetch("routing.inhibitions", SQL["inhibitions"])
        return [inhibition_of(row) for row in rows]

    async def add_inhibition(self, plan: InhibitionPlan, *, by: str, at: datetime) -> Inhibition:
        async with self._change("routing.add_inhibition") as connection:
            row = await connection.fetchrow(
                SQL["add_inhibition"], _json(plan.source), _json(plan.target), list(plan.equal)
            )
            rule = inhibition_of(_found(row, "the rule"))
            about = f"added: {_written(plan.source)} mutes {_written(plan.target)}"
            await _tell(connection, f"inhibition {rule.id}", about, by=by, at=at)
            await connection.execute(SQL["look_again"])
        return rule

    async def remove_inhibition(self, inhibition_id: int, *, by: str, at: datetime) -> None:
        async with self._change("routing.remove_inhibition") as connection:
            _found(await connection.fetchrow(SQL["remove_inhibition"], inhibition_id, at), "this inhibition rule")
            await _tell(connection, f"inhibition {inhibition_id}", "removed", by=by, at=at)
            await connection.execute(SQL["look_again"])

    @asynccontextmanager
    async def _change(self, owner: str) -> AsyncIterator[Connection]:
        try:
            async with self._postgres.lease(owner) as connection, connection.transaction():
                await locked(connection)
                yield connection
                await connection.execute(SQL["changed"])
        except asyncpg.UniqueViolationError:
            raise Conflict("another route has this name") from None
        except asyncpg.ForeignKeyViolationError:
            raise Invalid("chainId: there is no such chain") from None


async def _tell(connection: Connection, what: str, change: str, *, by: str, at: datetime) -> None:
    await journal.append(connection, [Event(at=at, fact=Changed(what=what, change=change), actor=by)])


def _columns(plan: RoutePlan) -> tuple[object, ...]:
    return (
        plan.name,
        _json(plan.matchers),
        list(plan.group_by),
        plan.chain_id,
        plan.remind_seconds,
        plan.unacknowledge_seconds,
    )


def _json(matchers: Sequence[Matcher]) -> str:
    return msgspec.json.encode(matchers).decode()


def _written(matchers: Sequence[Matcher]) -> str:
    return "{" + ", ".join(map(str, matchers)) + "}"


def _shown(plan: RoutePlan) -> str:
    chain = f"chain {plan.chain_id}" if plan.chain_id else "no chain"
    return f"{_written(plan.matchers)} by {', '.join(plan.group_by) or 'nothing'} to {chain}"


def _found(row: Row | None, what: str) -> Row:
    if row is None:
        raise NotFound(f"there is no {what.removeprefix('the ').removeprefix('this ')}")
    return row
