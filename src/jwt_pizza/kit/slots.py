"""Who may have one of a few things now, who waits, and who is told at once that waiting is no use."""

import asyncio
from collections import deque


class Full(Exception):
    """Too many wait already."""


class Slots:
    """`size` places. Ordinary holders never have more than all but `reserved` of them, so that vital ones always find
    a place soon; a place that becomes free goes to a vital waiter first, otherwise to whoever waits longest."""

    def __init__(self, size: int, *, reserved: int, waiting: int) -> None:
        """`waiting` is how many may wait, vital and ordinary each."""
        self.free = size
        self.most_ordinary = size - reserved
        self._ordinary = 0
        self._most_waiting = waiting
        self._vital_queue: deque[asyncio.Future[None]] = deque()
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        return sum(not future.done() for queue in (self._vital_queue, self._queue) for future in queue)

    def take_free(self, *, vital: bool) -> bool:
        """Whether there was a place. Nobody is overtaken: where somebody of the same kind waits there is none."""
        if not self.free or (not vital and self._ordinary >= self.most_ordinary):
            return False
        self.free -= 1
        if not vital:
            self._ordinary += 1
        return True

    async def wait(self, *, vital: bool) -> None:
        """Returns with a place, or raises `Full` at once."""
        queue = self._vital_queue if vital else self._queue
        if len(queue) >= self._most_waiting:
            raise Full
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():
                self.give(vital=vital)
            elif future in queue:
                # Else it was passed over in the moment between its end and this one.
                queue.remove(future)
            raise

    def give(self, *, vital: bool) -> None:
        self.free += 1
        if not vital:
            self._ordinary -= 1
        self._hand_on(self._vital_queue, vital=True)
        self._hand_on(self._queue, vital=False)

    def _hand_on(self, queue: "deque[asyncio.Future[None]]", *, vital: bool) -> None:
        while queue:
            if queue[0].done():
                queue.popleft()
            elif self.take_free(vital=vital):
                queue.popleft().set_result(None)
            else:
                return
