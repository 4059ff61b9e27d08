"""The built-in watch, wired."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from litestar.di import Provide

from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kernel.vitals import Receipt, Snapshot
from jwt_pizza.kit import metrics
from jwt_pizza.kit.periodic import every
from jwt_pizza.kit.reporting import PATH, Reporter
from jwt_pizza.kit.settings import Settings
from jwt_pizza.kit.telemetry import Telemetry
from jwt_pizza.ops.alerts.model import Intake
from jwt_pizza.ops.telemetry import routes, rules
from jwt_pizza.ops.telemetry.fleet import Fleet, View
from jwt_pizza.ops.telemetry.model import Rule, Thresholds
from jwt_pizza.ops.telemetry.service import SnapshotDesk, Watch
from jwt_pizza.ops.telemetry.store import PostgresLeadership, PostgresPager, PostgresSnapshots
from jwt_pizza.web.senders import Senders

EVERY: Final = 0.5
_OPS: Final = "http://127.0.0.1:3001"


class Lookout:
    """The desk and the watch of this process, one step at a time, timed."""

    def __init__(self, desk: SnapshotDesk, watch: Watch, clock: Callable[[], float]) -> None:
        self._desk = desk
        self._watch = watch
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._unseen_since: float | None = None

    async def take(self, snapshot: Snapshot) -> Receipt:
        metrics.SNAPSHOTS.labels(snapshot.service).inc()
        if self._unseen_since is None:
            self._unseen_since = self._clock()
        return await self._desk.take(snapshot)

    async def step(self) -> None:
        async with self._one_at_a_time:
            unseen_since, self._unseen_since = self._unseen_since, None
            began = self._clock()
            try:
                await self._watch.step()
            finally:
                now = self._clock()
                metrics.WATCH_TIME.observe(now - began)
                if unseen_since is not None:
                    metrics.WATCH_LAG.observe(now - unseen_since)
                metrics.WATCH_LEADS.set(self._watch.leads)


def part(base: Base, own: Telemetry, intake: Intake, fleet: Fleet) -> Part:
    """`own`: of this process, which says about itself what the others do."""
    settings, clock = base.settings, base.clock
    failed = asyncio.Event()
    stored = PostgresSnapshots(base.postgres, clock)
    leadership = PostgresLeadership(base.postgres, own.process)
    built_in = _rules(settings)
    pager = PostgresPager(base.postgres, clock)
    watch = Watch(built_in, fleet, stored, leadership, intake, pager, _links(settings), clock)
    lookout = Lookout(SnapshotDesk(fleet, stored, clock, failed.set), watch, clock.monotonic)
    lane = routes.snapshot_lane(lookout.take, Senders(settings.ops_token))

    async def at_once() -> None:
        while True:
            await failed.wait()
            failed.clear()
            try:
                await lookout.step()
            except Refusal as refusal:
                base.log.warning("the watch could not tell", reason=refusal.message)
            except Exception as error:  # noqa: BLE001 - the next failed order is to be told at once too
                base.log.error("the watch failed", error)

    async def show() -> None:
        firing = [rule.name for rule, _ in watch.firing] if watch.leads else []
        for rule in built_in:
            metrics.WATCH_FIRING.labels(rule.name).set(firing.count(rule.name))
        metrics.STEPS_LATE.set(fleet.pager)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        chores = [
            asyncio.create_task(at_once()),
            asyncio.create_task(every(EVERY, "watch", lookout.step, clock, base.log)),
            asyncio.create_task(every(EVERY, "show the watch", show, clock, base.log)),
        ]
        async with Reporter(own, lookout.take, clock, base.log).running():
            try:
                yield
            finally:
                for chore in chores:
                    chore.cancel()
                with suppress(Refusal):
                    await leadership.resign()

    return Part(
        handlers=[routes.router],
        dependencies={
            "take_snapshot": Provide(lambda: lane, sync_to_thread=False),
            "fleet_view": Provide(lambda: View(fleet, clock.monotonic()), use_cache=False, sync_to_thread=False),
        },
        lanes={("POST", PATH): lane},
        running=running,
    )


def _rules(settings: Settings) -> Sequence[Rule]:
    if settings.watch_after_seconds is not None:
        return rules.as_it_was(settings.watch_after_seconds)
    return rules.built_in(Thresholds(memory=settings.watch_memory_mb << 20))


def _links(settings: Settings) -> Callable[[Rule], Mapping[str, str]]:
    ops = (settings.ops_public_url or settings.ops_url or _OPS).rstrip("/")

    def links(rule: Rule) -> Mapping[str, str]:
        chart = f"{ops}/charts#{rule.chart}"
        if settings.grafana_url is not None:
            chart = f"{settings.grafana_url.rstrip('/')}/d/jwt-pizza-{rule.chart}"
        return {"runbook_url": f"{ops}/runbooks/{rule.name}", "dashboard_url": chart}

    return links
