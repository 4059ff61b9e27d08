"""Look at what stores take. Only those who run a franchise may, and administrators."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, NotFound
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.takings.model import BestSeller, BookLine, Day, StoreOfBooks, Sum, Takings, summed

DAYS: Final = 30
LINES: Final = 50
MOST_LINES: Final = 10_000
_LONGEST: Final = timedelta(days=400)
_BEST: Final = 5


class Overview(msgspec.Struct, frozen=True):
    """Of the last 30 days. `each_day` has every one of them, the oldest first."""

    stores: Sequence[StoreOfBooks]
    days: Sequence[Day]
    each_day: Sequence[tuple[date, Satoshis]]
    best_sellers: Sequence[BestSeller]
    today: Sum
    week: Sum
    month: Sum

    def of_store(self, store_id: int) -> Sum:
        return summed([day for day in self.days if day.store_id == store_id], date.min)


class BookPage(msgspec.Struct, frozen=True):
    stores: Sequence[StoreOfBooks]
    lines: Sequence[BookLine]
    since: date
    until: date
    more: bool


class TakingsDesk:
    def __init__(self, takings: Takings, clock: Clock) -> None:
        self._takings = takings
        self._clock = clock

    async def overview(self, caller: Caller, franchise_id: int) -> Overview:
        """The week begins on Monday, the month on its first."""
        stores = await self._stores(caller, franchise_id)
        today = self._clock.now().date()
        first = today - timedelta(days=DAYS - 1)
        ids = [store.id for store in stores]
        days = await self._takings.days(ids, min(_midnight(first), _midnight(today.replace(day=1))))
        taken = {first + timedelta(days=number): Satoshis(0) for number in range(DAYS)}
        for day in days:
            if day.day in taken:
                taken[day.day] = Satoshis(taken[day.day] + day.taken)
        return Overview(
            stores=stores,
            days=days,
            each_day=list(taken.items()),
            best_sellers=await self._takings.best_sellers(ids, _midnight(first), take=_BEST),
            today=summed(days, today),
            week=summed(days, today - timedelta(days=today.weekday())),
            month=summed(days, today.replace(day=1)),
        )

    async def books(
        self,
        caller: Caller,
        franchise_id: int,
        *,
        since: date | None,
        until: date | None,
        special: bool,
        page: int = 1,
        take: int = LINES,
    ) -> BookPage:
        """Both days are included. Pages count from 1."""
        stores = await self._stores(caller, franchise_id)
        last = until or self._clock.now().date()
        first = since or last - timedelta(days=DAYS - 1)
        if first > last:
            raise Invalid("the first day must not be after the last one")
        if last - first > _LONGEST:
            raise Invalid("choose at most 400 days at once")
        found = await self._takings.lines(
            [store.id for store in stores],
            _midnight(first),
            _midnight(last) + timedelta(days=1),
            special=special,
            skip=(page - 1) * take,
            take=take + 1,
        )
        return BookPage(stores, found[:take], first, last, len(found) > take)

    async def _stores(self, caller: Caller, franchise_id: int) -> Sequence[StoreOfBooks]:
        if not caller.user.runs(franchise_id):
            raise NotFound("unknown franchise")
        return await self._takings.stores(franchise_id)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
