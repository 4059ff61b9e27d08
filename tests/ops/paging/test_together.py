"""Two processes share the work; either may be killed at any moment."""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.channels.model import Handed, Message
from tests.ops.paging.world import Pager, Recorder, World, phone, someone


class Network(Recorder):
    """Sending takes a turn of the loop, so that processes overlap."""

    async def send(self, channel: str, address: str, message: Message) -> Handed:
        await asyncio.sleep(0)
        return await super().send(channel, address, message)


async def sent_twice(world: World) -> dict[int, int]:
    """Messages that went out more than once, by the notification that they began with."""
    counts = Counter(each.message.id for each in world.channel.taken)
    return {int(name.split("-")[1]): count for name, count in counts.items() if count > 1}


async def test_two_engines_for_an_hour_with_a_thousand_groups_send_every_page_exactly_once(
    database_url: str, postgres: Postgres
) -> None:
    world = World(postgres)
    world.channel = Network(world.clock)
    second = await Postgres(database_url, name="second", size=5, wait=20, statement=30).open()
    try:
        world.book.people |= {number: someone(number, phone(number)) for number in range(1, 21)}
        chains = [
            await world.chain(
                [
                    {"kind": "notify-people", "personIds": [number]},
                    {"kind": "wait", "seconds": 300},
                    {"kind": "notify-next", "personIds": [number, number % 20 + 1]},
                    {"kind": "wait", "seconds": 300},
                    {"kind": "go-to-step", "step": 0},
                ],
                name=f"chain {number}",
            )
            for number in range(1, 21)
        ]
        engines = [Pager(world)]
        world.postgres = second
        engines.append(Pager(world))
        world.postgres = postgres
        dice = random.Random(7)
        arrivals = sorted(dice.uniform(0, 3000) for _ in range(1000))
        for tick in range(0, 3601, 10):
            while arrivals and arrivals[0] <= tick:
                number = 1000 - len(arrivals)
                await world.group(chains[number % 20], key=str(number), title=f"Group {number}")
                arrivals.pop(0)
            await asyncio.gather(*(engine.step() for engine in engines))
            world.clock.pass_(10)
        assert await sent_twice(world) == {}
        sent = await world.rows(
            "SELECT message_id FROM ops.notifications WHERE status = 'sent' GROUP BY message_id ORDER BY message_id"
        )
        assert sorted(int(each.message.id.split("-")[1]) for each in world.channel.taken) == [
            row["message_id"] for row in sent
        ]
        # Every group's pages are there, each five minutes after the one before, and none is missing.
        groups = await world.rows(
            "SELECT group_id, array_agg(page ORDER BY page) AS pages, array_agg(n.created_at ORDER BY page) AS at, "
            "min(g.opened_at) AS opened FROM ops.notifications n JOIN ops.groups g ON g.id = group_id GROUP BY group_id"
        )
        assert len(groups) == 1000
        for group in groups:
            assert group["pages"] == list(range(1, len(group["pages"]) + 1))
            gaps = [
                (later - earlier).total_seconds() for earlier, later in zip(group["at"], group["at"][1:], strict=False)
            ]
            assert all(gap == 300 for gap in gaps)
            expected = (world.clock.now() - group["opened"]).total_seconds() // 300
            assert len(group["pages"]) in {expected, expected + 1}
        waiting = await world.value(
            "SELECT count(*) FROM ops.notifications WHERE status = 'queued' AND created_at < $1",
            world.clock.now() - timedelta(seconds=75),
        )
        assert waiting == 0
    finally:
        await second.close()


class Abandoned:
    """Work that stops at a given await and never goes on, as after kill -9: no handler of it runs."""

    def __init__(self, work: Coroutine[Any, Any, object], awaits: int) -> None:
        self._work = work
        self._left = awaits
        self._stopped = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    async def over(self) -> bool:
        """Whether it came to its end before that await."""
        stopped = asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait((self._task, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        return self._task.done()

    async def bury(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await self

    def __await__(self) -> Any:
        value: object = None
        while True:
            try:
                waits_for = self._work.send(value)
            except StopIteration as end:
                return end.value
            try:
                if self._left <= 0:
                    self._stopped.set()
                    yield from asyncio.Event().wait().__await__()
                self._left -= 1
                value = yield waits_for
            except BaseException as error:  # noqa: BLE001
                self._work.throw(error)


async def gone(postgres: Postgres, name: str) -> None:
    """Until the server has noticed that they hung up: their locks outlive them by a moment, which no clock of ours
    tells."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()"
    async with asyncio.timeout(20):
        while await postgres.fetchval("test", query, name):
            await asyncio.sleep(0)


async def one_after_the_other(*works: Coroutine[Any, Any, object], **_: object) -> list[object]:
    """In place of `gather`, so that each await of each is one of the work's own."""
    return [await work for work in works]


@pytest.mark.parametrize("part", ["escalator", "sender"])
async def test_killed_at_every_await_no_step_is_lost_or_early_and_a_page_comes_at_most_twice(
    part: str, database_url: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is dropped at its first await, its second, … until it gets through; another one goes on."""
    world = World(postgres)
    chain = await world.chain()
    dropped = 0
    over = False
    while not over:
        key = f"{part}-{dropped}"
        group = await world.group(chain, key=key)
        victim = await Postgres(database_url, name="victim", size=2, wait=20).open()
        home, world.postgres = world.postgres, victim
        engine = Pager(world)
        world.postgres = home
        if part == "sender":
            await world.pager.escalator.step()
        before = len(world.channel.taken)
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "gather", one_after_the_other)
            work = Abandoned(engine.escalator.step() if part == "escalator" else engine.sender.step(), dropped)
            over = await work.over()
        assert victim._pool is not None
        victim._pool.terminate()
        await gone(postgres, "victim")
        await world.run(25)
        rows = await world.rows("SELECT page, status FROM ops.notifications WHERE group_id = $1", group)
        assert rows == [{"page": 1, "status": "sent"}], f"dropped at await {dropped}"
        assert 1 <= len(world.channel.taken) - before <= 2, f"dropped at await {dropped}"
        await work.bury()
        await world.desk.resolve(group, by="person:1", via="api")
        world.clock.pass_(61)
        dropped += 1
    assert dropped > 5
