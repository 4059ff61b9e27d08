"""How a process tells ops about itself."""

import asyncio
from urllib.parse import urlsplit

import pytest

from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.vitals import Receipt, Snapshot
from jwt_pizza.kit import embedded
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.periodic import every, works
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.reporting import Reporter
from jwt_pizza.kit.telemetry import Telemetry
from tests.clocks import HandClock
from tests.conftest import administer


class Door:
    """Ops, as `answers` has it: `stored`, `taken`, `away`, or `broken`."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.heard: list[Snapshot] = []
        self.said = asyncio.Event()

    async def push(self, snapshot: Snapshot) -> Receipt:
        self.heard.append(snapshot)
        self.said.set()
        answer = self.answers.pop(0) if self.answers else "stored"
        if answer == "away":
            raise Unavailable("away")
        if answer == "broken":
            raise ZeroDivisionError
        return Receipt(stored=answer == "stored")


@pytest.fixture
def telemetry(postgres: Postgres) -> Telemetry:
    return Telemetry("shop", "1", postgres, SystemClock(), Log("test", level="error"))


def reporter(telemetry: Telemetry, door: Door) -> Reporter:
    return Reporter(telemetry, door.push, SystemClock(), Log("test", level="error"))


async def test_a_happening_is_told_until_it_is_stored(telemetry: Telemetry) -> None:
    door = Door("away", "taken", "stored", "stored")
    reporting = reporter(telemetry, door)
    telemetry.happenings.note("chaos.started", kind="fail")
    assert [await reporting.report() for _ in range(4)] == [False, True, True, True]
    assert [len(snapshot.happenings) for snapshot in door.heard] == [1, 1, 1, 0]
    assert len({snapshot.happenings[0].key for snapshot in door.heard[:3]}) == 1
    assert [snapshot.number for snapshot in door.heard] == [1, 2, 3, 4]


async def test_a_failed_order_is_told_at_once_and_a_stop_last(telemetry: Telemetry) -> None:
    """Not after the half second that snapshots are apart; and a defect ends nothing."""
    door = Door("broken")
    async with reporter(telemetry, door).running():
        await door.said.wait()
        door.said.clear()
        telemetry.tally.failed("voided", "factory", "error", seconds=0.1)
        async with asyncio.timeout(10):
            while not door.heard[-1].vitals.counts.orders:
                await door.said.wait()
                door.said.clear()
    assert door.heard[-1].stopping
    assert [happening.what for happening in door.heard[-1].happenings][-1] == "process.stopping"


async def test_a_database_that_is_lost_and_found_happens(
    telemetry: Telemetry, database_url: str, cluster: embedded.Cluster
) -> None:
    """A pool that is merely busy is no lost database."""
    name = urlsplit(database_url).path.removeprefix("/")

    async def unreachable() -> float | None:
        await telemetry.ping()
        return telemetry.vitals().database.unreachable

    assert await unreachable() is None
    await administer(cluster, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await administer(cluster, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    assert await unreachable() is not None
    assert telemetry.vitals().database.error
    await administer(cluster, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert await unreachable() is None
    assert [happening.what for happening in telemetry.happenings.waiting()] == ["database.unreachable", "database.back"]


async def test_periodic_work_tells_how_it_goes() -> None:
    clock = HandClock()
    log = Log("test-of-works", level="error", fd=-1)
    results = iter([None, Unavailable("busy"), ZeroDivisionError(), asyncio.CancelledError()])

    async def work() -> None:
        seen.append([(each.name, each.idle, each.failures) for each in works("test-of-works")])
        result = next(results)
        if result is not None:
            raise result

    seen: list[list[tuple[str, float, int]]] = []
    with pytest.raises(asyncio.CancelledError):
        await every(2.0, "fold", work, clock, log)
    assert seen == [[("fold", 2.0, 0)], [("fold", 2.0, 0)], [("fold", 4.0, 1)], [("fold", 6.0, 2)]]
    assert not works("test-of-works")
