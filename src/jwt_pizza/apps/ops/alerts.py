"""Alerts and their groups, wired."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from litestar.di import Provide

from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.kit.periodic import every
from jwt_pizza.ops.alerts import lanes
from jwt_pizza.ops.alerts import routes as alert_routes
from jwt_pizza.ops.alerts.groups import PostgresGroups
from jwt_pizza.ops.alerts.lanes import Gate
from jwt_pizza.ops.alerts.model import RESOLVE_TIMEOUT
from jwt_pizza.ops.alerts.service import GroupDesk, Reception, Upkeep
from jwt_pizza.ops.alerts.store import PostgresAlerts
from jwt_pizza.ops.events.refusals import Refusals
from jwt_pizza.ops.heartbeats import routes as heartbeat_routes
from jwt_pizza.ops.heartbeats.service import HeartbeatDesk
from jwt_pizza.ops.heartbeats.store import PostgresHeartbeats
from jwt_pizza.ops.routing import routes as routing_routes
from jwt_pizza.ops.routing.service import RoutingDesk
from jwt_pizza.ops.routing.store import PostgresRouting
from jwt_pizza.web.senders import Senders

_EVERY: Final = 1.0
"""Seconds."""


class Alerting:
    """What other parts need of alerts: the way in, and the verbs on groups."""

    def __init__(self, base: Base, ring: Callable[[], object] = lambda: None) -> None:
        """`ring` wakes the pager after a commit."""
        clock, postgres, settings = base.clock, base.postgres, base.settings
        self.alerts = PostgresAlerts(postgres, clock, ring=ring)
        self.intake = Reception(self.alerts, clock)
        self.groups = PostgresGroups(postgres, ring=ring)
        self.desk = GroupDesk(self.groups, base.events, clock)
        self.upkeep = Upkeep(self.alerts, clock, grace=RESOLVE_TIMEOUT)
        self.routing = RoutingDesk(PostgresRouting(postgres), clock)
        self.heartbeats = HeartbeatDesk(PostgresHeartbeats(postgres), self.intake, clock)
        self.refusals = Refusals(base.events, clock, base.log)
        self.senders = Senders(settings.ops_token)
        self.gate = Gate(
            self.intake,
            self.groups,
            base.events,
            self.refusals,
            self.senders,
            clock,
            stale=settings.alert_stale_hours * 3600,
            grafana_secret=settings.grafana_secret,
        )


def part(base: Base, alerting: Alerting) -> Part:
    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        periodic = [
            asyncio.create_task(every(_EVERY, "heartbeats", alerting.heartbeats.step, base.clock, base.log)),
            asyncio.create_task(every(_EVERY, "upkeep of alerts", alerting.upkeep.step, base.clock, base.log)),
        ]
        try:
            yield
        finally:
            for task in periodic:
                task.cancel()
            await alerting.alerts.close()

    given = {
        "alert_gate": alerting.gate,
        "group_desk": alerting.desk,
        "routing_desk": alerting.routing,
        "heartbeat_desk": alerting.heartbeats,
        "refusals": alerting.refusals,
    }
    return Part(
        handlers=[lanes.router, alert_routes.router, routing_routes.router, heartbeat_routes.router],
        dependencies={name: _provided(value) for name, value in given.items()},
        lanes=alerting.gate.lanes,
        running=running,
    )


def _provided(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
