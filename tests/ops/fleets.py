"""Processes that say what a test wants, second by second, to a watch on a clock that is turned by hand."""

from collections.abc import Sequence
from typing import Any

import msgspec

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.vitals import Counts, Service, Snapshot, Vitals
from jwt_pizza.ops.alerts.model import Incoming
from jwt_pizza.ops.telemetry import rules
from jwt_pizza.ops.telemetry.fleet import Fleet
from jwt_pizza.ops.telemetry.model import Standing, Thresholds
from jwt_pizza.ops.telemetry.service import SnapshotDesk, Watch
from tests.clocks import HandClock


class Worker:
    """A process that counts."""

    def __init__(self, clock: HandClock, name: str = "host:1", service: Service = "shop", uptime: float = 0.0) -> None:
        self._clock = clock
        self._born = clock.monotonic() - uptime
        self.name = name
        self.service: Service = service
        self.number = 0
        self.vitals = Vitals()

    def counts(self, **more: Any) -> None:
        """Adds to the counters; mappings are added key by key."""
        now = self.vitals.counts
        changed: dict[str, Any] = {}
        for name, added in more.items():
            before = getattr(now, name)
            if isinstance(added, dict):
                changed[name] = {key: before.get(key, 0) + added.get(key, 0) for key in {**before, **added}}
            elif isinstance(added, tuple):
                changed[name] = tuple(map(sum, zip(before or (0,) * len(added), added, strict=True)))
            else:
                changed[name] = before + added
        self.vitals = msgspec.structs.replace(self.vitals, counts=msgspec.structs.replace(now, **changed))

    def orders(self, **outcomes: int) -> None:
        failed = sum(count for outcome, count in outcomes.items() if outcome != "fulfilled")
        self.counts(orders=outcomes, failed={"error": failed} if failed else {})

    def forget(self) -> None:
        """Its counters begin anew."""
        self.vitals = msgspec.structs.replace(self.vitals, counts=Counts())

    def is_(self, **vitals: Any) -> None:
        self.vitals = msgspec.structs.replace(self.vitals, **vitals)

    def snapshot(self, *, stopping: bool = False) -> Snapshot:
        self.number += 1
        return Snapshot(
            process=self.name,
            service=self.service,
            version="1",
            number=self.number,
            at=self._clock.now(),
            uptime=self._clock.monotonic() - self._born,
            vitals=self.vitals,
            stopping=stopping,
        )


class Memory:
    """Stands in for the database: snapshots and leadership; `away` makes it refuse."""

    def __init__(self) -> None:
        self.away = False
        self.kept: dict[str, Snapshot] = {}
        self.leader: object = None
        self.standing: Sequence[Standing] = ()

    async def keep(self, snapshot: Snapshot) -> None:
        self._reach()
        self.kept[snapshot.process] = snapshot

    async def read(self) -> Sequence[Snapshot]:
        self._reach()
        return list(self.kept.values())

    def _reach(self) -> None:
        if self.away:
            raise Unavailable("away")


class Seat:
    """The leadership as one process sees it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def lead(self) -> Sequence[Standing] | None:
        self._memory._reach()
        if self._memory.leader is None:
            self._memory.leader = self
        return self._memory.standing if self._memory.leader is self else None

    async def write(self, standing: Sequence[Standing]) -> None:
        self._memory._reach()
        self._memory.standing = standing


class Ear:
    """An intake that remembers; `fires` is what it believes."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.heard: list[Incoming] = []
        self.fires: dict[tuple[tuple[str, str], ...], Incoming] = {}

    async def take(self, alerts: tuple[Incoming, ...]) -> None:
        self._memory._reach()
        for alert in alerts:
            self.heard.append(alert)
            key = tuple(sorted(alert.labels.items()))
            if alert.ends_at is None:
                self.fires[key] = alert
            else:
                self.fires.pop(key, None)

    def names(self) -> set[str]:
        return {alert.labels["alertname"] for alert in self.fires.values()}

    def of(self, name: str) -> Incoming:
        (alert,) = (alert for alert in self.fires.values() if alert.labels["alertname"] == name)
        return alert


class Late:
    def __init__(self) -> None:
        self.seconds = 0.0

    async def overdue(self) -> float:
        return self.seconds


class Ops:
    """One process of ops: its watch and all that it hears."""

    def __init__(self, clock: HandClock, memory: Memory | None = None, ear: Ear | None = None) -> None:
        self.clock = clock
        self.memory = memory or Memory()
        self.ear = ear or Ear(self.memory)
        self.pager = Late()
        self.rung = 0
        fleet = Fleet()
        self.desk = SnapshotDesk(fleet, self.memory, clock, self._ring)
        self.watch = Watch(
            rules.built_in(Thresholds()),
            fleet,
            self.memory,
            Seat(self.memory),
            self.ear,
            self.pager,
            lambda rule: {"runbook_url": f"/runbooks/{rule.name}"},
            clock,
        )

    async def pass_(self, seconds: float, *workers: Worker) -> None:
        """Time passes, half a second at a time: workers say how they are, then the watch looks."""
        for _ in range(int(seconds * 2)):
            self.clock.pass_(0.5)
            await self.hear(*workers)

    async def hear(self, *workers: Worker) -> None:
        for worker in workers:
            await self.desk.take(worker.snapshot())
        try:
            await self.watch.step()
        except Unavailable:
            assert self.memory.away

    def _ring(self) -> None:
        self.rung += 1
