"""Callers that wait at the same moment share one round trip."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, TypeAlias, TypeVar

from opentelemetry.trace import Span

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit import tracing

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Key = TypeVar("Key", bound=Hashable)
_Asked: TypeAlias = tuple[Item, asyncio.Future[Answer], Span | None]
"""An item, where its answer goes, and the span of whoever asks."""

_VAIN: Final = 32
"""Turns of the loop, a few microseconds each, after which nobody further is waited for."""


class Batch(Generic[Item, Answer]):
    """Hands everything that waits in the event loop to `work` as one batch, and each caller its own answer.

    While a batch is under way the next one gathers, so batches grow with the load and a lone caller never waits for
    others. What `work` reads was read after every caller of the batch asked: no answer is older than its question.

    `work` returns one answer an item, in order. If it raises, the items are tried again one at a time, so that a bad
    item fails alone; but Unavailable is no item's fault, and is everybody's answer at once. Who has stopped waiting is
    left out. A `work` that is not safe to repeat must not be given here.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        most: int = 256,
        waiting: int = 4096,
        lanes: int = 1,
        linger: float = 0.0,
    ) -> None:
        """`linger` in seconds: when several wait already, how long at most they wait while more come. Where each step
        of a longer way is a batch, callers spread over the steps, and batches would stay small whatever the load."""
        self._work = work
        self._most = most
        self._room = waiting
        self._lanes = lanes
        self._linger = linger
        self._busy = 0
        self._queue: list[_Asked[Item, Answer]] = []
        self._runs: set[asyncio.Task[None]] = set()

    async def ask(self, item: Item) -> Answer:
        """The answer to `item`, or what `work` raised for it. Raises `Full` at once when too many wait already."""
        if len(self._queue) >= self._room:
            raise Full
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future, tracing.here() if tracing.on else None))
        if self._busy < self._lanes:
            self._busy += 1
            run = asyncio.create_task(self._run())
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)
        return await future

    async def close(self) -> None:
        """Finishes what is under way and what waits."""
        while self._runs:
            await asyncio.gather(*self._runs)

    async def _run(self) -> None:
        try:
            # One turn of the loop lets every request that has arrived with this one join its batch.
            await asyncio.sleep(0)
            while self._queue:
                if self._linger and len(self._queue) > 1:
                    await self._gather()
                taken, self._queue = self._queue[: self._most], self._queue[self._most :]
                await self._settle([pair for pair in taken if not pair[1].done()])
        finally:
            self._busy -= 1

    async def _gather(self) -> None:
        # Not a timer: it is a millisecond or two late, and the loop would often be idle all the while. Turns of the
        # loop that bring nothing are the sign that whoever could still come is busy elsewhere.
        loop = asyncio.get_running_loop()
        end = loop.time() + self._linger
        vain = 0
        while vain < _VAIN and len(self._queue) < self._most and loop.time() < end:
            before = len(self._queue)
            await asyncio.sleep(0)
            vain = vain + 1 if len(self._queue) == before else 0

    async def _settle(self, taken: list[_Asked[Item, Answer]]) -> None:
        if not taken:
            return
        try:
            items = [item for item, _, _ in taken]
            if tracing.on:
                with tracing.together("batch", [caller for _, _, caller in taken]):
                    answers = await self._work(items)
            else:
                answers = await self._work(items)
        except Unavailable as error:
            for _, future, _ in taken:
                _fail(future, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever it was, it is handed to the caller it belongs to
            if len(taken) == 1:
                _fail(taken[0][1], error)
                return
            for pair in taken:
                await self._settle([pair] if not pair[1].done() else [])
            return
        for (_, future, _), answer in zip(taken, answers, strict=True):
            if not future.done():
                future.set_result(answer)


class Shared(Generic[Answer]):
    """One read for everybody who asks meanwhile; nobody gets an answer that was read before they asked."""

    def __init__(self, read: Callable[[], Awaitable[Answer]]) -> None:
        async def work(askers: Sequence[None]) -> Sequence[Answer]:
            return [await read()] * len(askers)

        self._batch: Batch[None, Answer] = Batch(work, most=1_000_000, waiting=1_000_000)

    async def get(self) -> Answer:
        return await self._batch.ask(None)


class Full(Exception):
    """Too many wait already."""


def once(items: Sequence[Key]) -> list[Key]:
    """Without repetitions, in order."""
    return list(dict.fromkeys(items))


def _fail(future: asyncio.Future[Answer], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
