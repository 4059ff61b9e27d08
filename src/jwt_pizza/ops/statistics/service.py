"""Reads the statistics of a time."""

from datetime import datetime, timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.statistics.model import Records, Statistics, statistics_of

_LONGEST: Final = timedelta(days=366)
_USUAL: Final = timedelta(days=30)


class StatisticsDesk:
    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def read(self, since: datetime | None, until: datetime | None) -> Statistics:
        """Of the last 30 days unless said otherwise. Raises Invalid."""
        until = until or self._clock.now()
        if until.tzinfo is None or (since is not None and since.tzinfo is None):
            raise Invalid("since and until must have a time zone, as in 2025-04-08T15:25:00Z")
        since = since or until - _USUAL
        if not timedelta() < until - since <= _LONGEST:
            raise Invalid("until must be after since, at most a year")
        courses = await self._records.courses(since, until)
        return statistics_of(courses, await self._records.woken(since, until), since, until)
