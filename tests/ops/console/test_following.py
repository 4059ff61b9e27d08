"""Pages that grow: one reader asks once a second for all that is looked at."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.ops.console.following import Following, Subject
from tests.clocks import HandClock


class Ledger:
    """What there is to see, and what was asked."""

    def __init__(self) -> None:
        self.marks: dict[Subject, str] = {("groups", 1): "a", ("incidents", 1): "b"}
        self.asked: list[set[Subject]] = []
        self.away = False

    async def read(self, subjects: Collection[Subject]) -> Mapping[Subject, str]:
        self.asked.append(set(subjects))
        if self.away:
            raise Unavailable("away")
        return {subject: self.marks[subject] for subject in subjects if subject in self.marks}


async def test_all_browsers_share_one_question_a_second() -> None:
    clock, ledger = HandClock(), Ledger()
    following = Following(ledger, clock, longest=5)
    tick, waiting = asyncio.Event(), asyncio.Semaphore(0)

    async def pause(sleep: Awaitable[None]) -> None:
        asyncio.ensure_future(sleep).cancel()
        waiting.release()
        await tick.wait()

    async def look(subject: Subject) -> list[str]:
        return [mark async for mark in following.watch(subject, pause)]

    looking = [asyncio.create_task(look(("groups", 1))) for _ in range(50)]
    for _ in looking:
        await waiting.acquire()
    clock.pass_(9)
    ledger.marks["groups", 1] = "c"
    tick.set()
    assert await asyncio.gather(*looking) == [["a", "c"]] * 50
    assert ledger.asked == [{("groups", 1)}] * 2
    assert following._looked_at.total() == 0


async def test_what_was_known_stays_while_the_database_is_away() -> None:
    clock, ledger = HandClock(), Ledger()
    following = Following(ledger, clock, longest=5)
    seen = []

    async def pause(sleep: Awaitable[None]) -> None:
        await sleep
        ledger.away = clock.monotonic() < 3
        ledger.marks["incidents", 1] = "d"

    async for mark in following.watch(("incidents", 1), pause):
        seen.append((clock.monotonic(), mark))
    assert seen == [(0, "b"), (3, "d")]
