"""Alerting on a real database, with a clock that is turned by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.alerts.groups import PostgresGroups
from jwt_pizza.ops.alerts.model import Group, Incoming, Wanted
from jwt_pizza.ops.alerts.service import GroupDesk, Reception, Upkeep
from jwt_pizza.ops.alerts.store import PostgresAlerts
from jwt_pizza.ops.events.store import PostgresEvents
from jwt_pizza.ops.heartbeats.service import HeartbeatDesk
from jwt_pizza.ops.heartbeats.store import PostgresHeartbeats
from jwt_pizza.ops.routing.matching import parsed
from jwt_pizza.ops.routing.model import Route, RoutePlan
from jwt_pizza.ops.routing.service import RoutingDesk
from jwt_pizza.ops.routing.store import PostgresRouting
from tests.clocks import HandClock

BY = "person:1"


@dataclass
class Watch:
    postgres: Postgres
    clock: HandClock
    intake: Reception
    desk: GroupDesk
    upkeep: Upkeep
    routing: RoutingDesk
    heartbeats: HeartbeatDesk
    events: PostgresEvents
    rings: list[None]

    async def fire(self, name: str = "OrdersFail", **labels: str) -> None:
        await self.intake.take((alert(name, **labels),))

    async def end(self, name: str = "OrdersFail", **labels: str) -> None:
        await self.intake.take((alert(name, ends_at=self.clock.now(), **labels),))

    async def groups(self) -> Sequence[Group]:
        """The oldest first."""
        return list(reversed(await self.desk.find(Wanted(limit=200))))

    async def group(self) -> Group:
        """The last one."""
        return (await self.groups())[-1]

    async def kinds(self, group_id: int) -> list[str]:
        return [str(event.fact.__struct_config__.tag) for event in await self.events.of_group(group_id)]

    async def row(self, group_id: int) -> Any:
        return await self.postgres.fetchrow("test", "SELECT * FROM ops.groups WHERE id = $1", group_id)

    async def chain(self) -> int:
        """The default route pages by it from now on."""
        chain_id = await add_chain(self.postgres)
        default = (await self.routing.routes())[-1]
        await self.routing.change_route(default.id, RoutePlan(name="default", chain_id=chain_id), by=BY)
        return chain_id

    async def route(self, name: str, matchers: str, **plan: Any) -> Route:
        return await self.routing.add_route(RoutePlan(name=name, matchers=parsed(matchers), **plan), by=BY)

    def after(self, **time: float) -> datetime:
        return self.clock.now() + timedelta(**time)


def watch(postgres: Postgres, clock: HandClock | None = None, *, grace: float = 0.0) -> Watch:
    clock = clock or HandClock()
    rings: list[None] = []
    alerts = PostgresAlerts(postgres, clock, ring=lambda: rings.append(None))
    events = PostgresEvents(postgres)
    intake = Reception(alerts, clock)
    return Watch(
        postgres=postgres,
        clock=clock,
        intake=intake,
        desk=GroupDesk(PostgresGroups(postgres, ring=lambda: rings.append(None)), events, clock),
        upkeep=Upkeep(alerts, clock, grace=grace),
        routing=RoutingDesk(PostgresRouting(postgres), clock),
        heartbeats=HeartbeatDesk(PostgresHeartbeats(postgres), intake, clock, grace=grace),
        events=events,
        rings=rings,
    )


def alert(
    name: str = "OrdersFail",
    *,
    source: str = "test",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    stale_after: float = 300.0,
    summary: str = "",
    **labels: str,
) -> Incoming:
    return Incoming(
        source=source,
        labels={"alertname": name, **labels},
        annotations={"summary": summary} if summary else {},
        starts_at=starts_at,
        ends_at=ends_at,
        stale_after=stale_after,
    )


async def add_chain(postgres: Postgres) -> int:
    team = await postgres.fetchval(
        "test", "INSERT INTO ops.teams (name) VALUES ('team ' || gen_random_uuid()) RETURNING id"
    )
    chain: int = await postgres.fetchval(
        "test",
        "INSERT INTO ops.chains (team_id, name, steps) VALUES ($1, 'chain ' || gen_random_uuid(), '[]') RETURNING id",
        team,
    )
    return chain
