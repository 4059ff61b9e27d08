import asyncio
from collections.abc import Sequence

import pytest

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit.batching import Batch, Full, Shared, once


class Kitchen:
    """Work that can be held up, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.away = False

    async def work(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        await self.open.wait()
        if self.away:
            raise Unavailable("away")
        if -1 in items:
            raise ValueError("bad item")
        return [item * 10 for item in items]


async def test_who_asks_at_the_same_moment_shares_a_batch_and_gets_the_own_answer() -> None:
    kitchen = Kitchen()
    batch = Batch(kitchen.work)
    assert await asyncio.gather(*(batch.ask(n) for n in range(5))) == [0, 10, 20, 30, 40]
    assert kitchen.batches == [[0, 1, 2, 3, 4]]


async def test_a_batch_gathers_while_another_is_under_way() -> None:
    kitchen = Kitchen()
    batch = Batch(kitchen.work, most=3)
    kitchen.open.clear()
    first = asyncio.create_task(batch.ask(1))
    while not kitchen.batches:
        await asyncio.sleep(0)
    later = [asyncio.create_task(batch.ask(n)) for n in range(2, 7)]
    await asyncio.sleep(0)
    kitchen.open.set()
    assert [await task for task in (first, *later)] == [10, 20, 30, 40, 50, 60]
    assert kitchen.batches == [[1], [2, 3, 4], [5, 6]]


async def test_several_who_linger_wait_for_those_that_keep_coming_and_no_longer() -> None:
    kitchen = Kitchen()
    batch = Batch(kitchen.work, most=12, linger=3600)

    async def late(number: int) -> int:
        for _ in range(number * 5):
            await asyncio.sleep(0)
        return await batch.ask(number)

    # The last is far behind: nobody comes for so long that it is not waited for.
    assert await asyncio.gather(*(late(number) for number in (0, 0, 1, 2, 3, 40))) == [0, 0, 10, 20, 30, 400]
    assert kitchen.batches == [[0, 0, 1, 2, 3], [40]]
    await asyncio.gather(*(batch.ask(number) for number in range(30)))
    assert [len(one) for one in kitchen.batches[2:]] == [12, 12, 6]


async def test_a_bad_item_fails_alone() -> None:
    kitchen = Kitchen()
    batch = Batch(kitchen.work)
    answers = await asyncio.gather(*(batch.ask(n) for n in (1, -1, 2)), return_exceptions=True)
    assert answers[0] == 10
    assert isinstance(answers[1], ValueError)
    assert answers[2] == 20
    assert kitchen.batches == [[1, -1, 2], [1], [-1], [2]]


async def test_what_is_unavailable_is_asked_for_once_not_once_an_item() -> None:
    kitchen = Kitchen()
    kitchen.away = True
    batch = Batch(kitchen.work)
    answers = await asyncio.gather(*(batch.ask(n) for n in range(9)), return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(kitchen.batches) == 1
    kitchen.away = False
    assert await batch.ask(1) == 10, "it goes on afterwards"


async def test_who_comes_when_too_many_wait_is_told_at_once() -> None:
    kitchen = Kitchen()
    batch = Batch(kitchen.work, waiting=2)
    kitchen.open.clear()
    tasks = [asyncio.create_task(batch.ask(1))]
    while not kitchen.batches:
        await asyncio.sleep(0)
    tasks += [asyncio.create_task(batch.ask(n)) for n in (2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(Full):
        await batch.ask(4)
    kitchen.open.set()
    assert [await task for task in tasks] == [10, 20, 30]
    assert await batch.ask(5) == 50


async def test_who_gave_up_is_left_out() -> None:
    """An order whose client was told that it took too long is not placed behind their back."""
    kitchen = Kitchen()
    batch = Batch(kitchen.work)
    kitchen.open.clear()
    first = asyncio.create_task(batch.ask(1))
    while not kitchen.batches:
        await asyncio.sleep(0)
    gone, stays = asyncio.create_task(batch.ask(2)), asyncio.create_task(batch.ask(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    kitchen.open.set()
    assert (await first, await stays) == (10, 30)
    assert kitchen.batches == [[1], [3]]


async def test_closing_finishes_what_waits() -> None:
    kitchen = Kitchen()
    batch = Batch(kitchen.work, most=1)
    tasks = [asyncio.create_task(batch.ask(n)) for n in range(3)]
    await asyncio.sleep(0)
    await batch.close()
    assert [task.result() for task in tasks] == [0, 10, 20]


async def test_nobody_gets_an_answer_that_was_read_before_they_asked() -> None:
    now, reads = [1], asyncio.Semaphore(0)
    started = 0

    async def read() -> int:
        nonlocal started
        value, started = now[0], started + 1
        await reads.acquire()
        return value

    shared = Shared(read)
    early = [asyncio.create_task(shared.get()) for _ in range(3)]
    while not started:
        await asyncio.sleep(0)
    now[0] = 2
    late = [asyncio.create_task(shared.get()) for _ in range(3)]
    await asyncio.sleep(0)
    reads.release()
    assert [await task for task in early] == [1, 1, 1]
    reads.release()
    assert [await task for task in late] == [2, 2, 2]
    assert started == 2


def test_once_keeps_the_order() -> None:
    assert once([3, 1, 3, 2, 1]) == [3, 1, 2]
