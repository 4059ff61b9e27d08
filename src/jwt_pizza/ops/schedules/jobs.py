"""What runs now and then: history is written, and calendars elsewhere are read."""

import asyncio
from datetime import timedelta

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.ops.schedules.foreign import entries
from jwt_pizza.ops.schedules.model import ScheduleBook, Source

_MOST_AT_ONCE = 20


class Historian:
    def __init__(self, book: ScheduleBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def step(self) -> int:
        """Who came and who went since the last step, each at the moment at which it was."""
        return await self._book.record(self._clock.now())


class CalendarReader:
    def __init__(self, book: ScheduleBook, source: Source, clock: Clock, *, every: float) -> None:
        """`every` in seconds."""
        self._book = book
        self._source = source
        self._clock = clock
        self._every = timedelta(seconds=every)

    async def step(self) -> int:
        """How many schedules were due. What cannot be read is noted; what was read before holds."""
        for count in range(_MOST_AT_ONCE):
            now = self._clock.now()
            due = await self._book.due(now, now + self._every)
            if due is None:
                return count
            try:
                text = await self._source.read(due.url)
                # In a thread: a year of a large calendar takes a while to unfold.
                found = await asyncio.to_thread(entries, text, due.time_zone, now)
            except Refusal as refusal:
                await self._book.fail(due, refusal.message)
            else:
                await self._book.keep(due, found, self._clock.now())
        return _MOST_AT_ONCE
