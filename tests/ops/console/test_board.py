"""The overview while people look: drawn once a second for all of them, sent when it changed."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime

import pytest

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.vitals import Ovens
from jwt_pizza.ops.alerts.model import Group, Wanted
from jwt_pizza.ops.console.board import Board, Situation, pulse, situation
from jwt_pizza.ops.incidents.model import Incident
from jwt_pizza.ops.telemetry.fleet import Fleet, View
from tests.clocks import HandClock
from tests.ops.fleets import Worker


class Wall:
    """What there is to see, and how often somebody looked."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.fleet = Fleet()
        self.shop = Worker(self.clock)
        self.looks = 0
        self.board = Board(self._look, lambda now: f"{now.pulse.delivered} delivered", self.clock, longest=5)

    def says(self, **orders: int) -> None:
        self.shop.orders(**orders)
        self.fleet.take(self.shop.snapshot(), self.clock.monotonic())

    async def _look(self) -> Situation:
        self.looks += 1
        return Situation(pulse(View(self.fleet, self.clock.monotonic())))

    async def pause(self, sleep: Awaitable[None]) -> None:
        await sleep


async def test_it_is_sent_when_it_changed_until_the_look_is_over() -> None:
    wall = Wall()
    wall.says(fulfilled=1)
    seen = []

    async def pause(sleep: Awaitable[None]) -> None:
        await sleep
        if wall.clock.monotonic() == 2:
            wall.says(fulfilled=2)

    async for drawn in wall.board.watch(pause):
        seen.append((wall.clock.monotonic(), drawn))
    assert seen == [(0, "1 delivered"), (2, "3 delivered")]
    assert wall.clock.monotonic() == 5


async def test_all_browsers_share_one_rendering_a_second() -> None:
    wall = Wall()
    wall.says(fulfilled=1)
    tick, waiting = asyncio.Event(), asyncio.Semaphore(0)

    async def pause(sleep: Awaitable[None]) -> None:
        asyncio.ensure_future(sleep).cancel()
        waiting.release()
        await tick.wait()

    async def look() -> list[str]:
        return [drawn async for drawn in wall.board.watch(pause)]

    looking = [asyncio.create_task(look()) for _ in range(50)]
    for _ in looking:
        await waiting.acquire()
    wall.clock.pass_(9)
    wall.says(fulfilled=1)
    tick.set()
    assert await asyncio.gather(*looking) == [["1 delivered", "2 delivered"]] * 50
    assert wall.looks == 2
    assert wall.board._watching == 0


class Away:
    """Desks whose database is away."""

    async def find(self, wanted: Wanted | None = None, **_: object) -> list[Group] | list[Incident]:
        raise Unavailable("the database is away")


async def test_figures_are_there_without_a_database() -> None:
    wall = Wall()
    wall.says(fulfilled=1, charged=2)
    away = Away()
    found = await situation(View(wall.fleet, 1.0), away, away)  # type: ignore[arg-type]
    assert (found.pulse.delivered, found.pulse.failed, found.pulse.charged) == (1, 2, 2)
    assert (found.groups, found.trouble) == (None, "the database is away")
    assert "2 bad" in found.pulse.orders.about


async def test_who_comes_when_too_many_look_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jwt_pizza.ops.console.board._MOST", 0)
    wall = Wall()
    with pytest.raises(Unavailable):
        await anext(wall.board.watch(wall.pause))


def test_ovens_are_told_as_they_bake_not_as_the_policy_would() -> None:
    clock, fleet = HandClock(), Fleet()
    one, other = Worker(clock, "host:1"), Worker(clock, "host:2")
    for worker in (one, other):
        worker.is_(ovens=Ovens(policy="factory-only", breaker="closed"))
        fleet.take(worker.snapshot(), 0.0)
    assert pulse(View(fleet, 1.0)).ovens == ["factory-only, breaker closed"]
    until = datetime(2026, 11, 29, 13, 19, tzinfo=UTC)
    one.is_(ovens=Ovens(policy="factory-only", breaker="closed", forced_until=until))
    fleet.take(one.snapshot(), 1.0)
    assert pulse(View(fleet, 1.0)).ovens == ["factory-only, breaker closed", "in-house, forced until 13:19 UTC"]
