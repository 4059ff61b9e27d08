"""What stores take: by day, by pizza, and line by line.

An order counts on the day (UTC) on which it was placed. A free pizza is paid for by goodwill: its store gets all of it.
A refunded order is taken out of its day.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from jwt_pizza.kernel.money import Satoshis


class Day(msgspec.Struct, frozen=True):
    """Of one store. `goodwill` is the part of `taken` that was paid by us; `refunded` is not in it."""

    day: date
    store_id: int
    orders: int
    taken: Satoshis
    goodwill: Satoshis
    refunded: Satoshis


class Sum(msgspec.Struct, frozen=True):
    orders: int
    taken: Satoshis
    goodwill: Satoshis
    refunded: Satoshis


class BestSeller(msgspec.Struct, frozen=True):
    title: str
    pizzas: int
    worth: Satoshis


class StoreOfBooks(msgspec.Struct, frozen=True):
    id: int
    name: str
    closed_at: datetime | None


class BookLine(msgspec.Struct, frozen=True):
    """An order. `why` explains what is not an ordinary sale, in words."""

    order_id: int
    placed_at: datetime
    store_id: int
    status: str
    total: Satoshis
    discount: Satoshis
    pizzas: int
    refunded_at: datetime | None
    incident: str | None
    explanation: str | None
    reason: str | None

    @property
    def taken(self) -> Satoshis:
        return Satoshis(0 if self.status == "refunded" else self.total)

    @property
    def why(self) -> str:
        if self.status == "refunded":
            if self.incident is not None:
                return f"Refunded after {self.incident}: {self.explanation or 'the order was not delivered'}"
            return f"Refunded: {self.reason}" if self.reason else "Refunded"
        if self.discount:
            return "Free pizza for life: goodwill paid the store in the diner's place"
        return "Charged and not delivered yet" if self.status == "charged" else ""


class Takings(Protocol):
    """The port to the stores' books."""

    async def stores(self, franchise_id: int) -> Sequence[StoreOfBooks]: ...
    async def days(self, store_ids: Sequence[int], since: datetime) -> Sequence[Day]: ...
    async def best_sellers(self, store_ids: Sequence[int], since: datetime, *, take: int) -> Sequence[BestSeller]: ...
    async def lines(
        self, store_ids: Sequence[int], since: datetime, until: datetime, *, special: bool, skip: int, take: int
    ) -> Sequence[BookLine]:
        """`special`: only what was refunded or paid for by goodwill."""
        ...


def summed(days: Sequence[Day], since: date) -> Sum:
    within = [day for day in days if day.day >= since]
    return Sum(
        orders=sum(day.orders for day in within),
        taken=Satoshis(sum(day.taken for day in within)),
        goodwill=Satoshis(sum(day.goodwill for day in within)),
        refunded=Satoshis(sum(day.refunded for day in within)),
    )
