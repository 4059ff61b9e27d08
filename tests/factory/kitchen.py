"""A vendor at a running factory, and a clock that the test turns."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.factory.vendors.store import PostgresVendors
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from tests.running import Answer, Running


class TurnedClock:
    """Stands still until it is turned, and then wakes who has slept long enough."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []
        self._begun: Counter[float] = Counter()
        self._somebody = asyncio.Event()

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.at + timedelta(seconds=seconds), future))
        self._begun[seconds] += 1
        self._somebody.set()
        await future

    async def rest(self, seconds: float, *, most: float) -> float:
        await self.sleep(seconds)
        return 0.0

    async def begun(self, seconds: float, *, times: int = 1) -> None:
        """Returns once somebody has begun to sleep so long, for the first or a later time."""
        async with asyncio.timeout(10):
            while self._begun[seconds] < times:
                self._somebody.clear()
                await self._somebody.wait()

    def turn(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        due = [future for when, future in self._sleepers if when <= self.at]
        self._sleepers = [(when, future) for when, future in self._sleepers if when > self.at]
        for future in due:
            if not future.done():
                future.set_result(None)


async def vendor_key(postgres: Postgres, vendor_id: str = "roma", *, admin: bool = False) -> str:
    clock = SystemClock()
    return await VendorDesk(PostgresVendors(postgres, clock), clock).add(vendor_id, admin=admin)


def order(order_id: int = 7, items: int = 1) -> dict[str, Any]:
    pizza = {"menuId": 1, "description": "Veggie", "price": 0.0038}
    return {
        "diner": {"id": 4, "name": "Kai", "email": "d@jwt.com"},
        "order": {"id": order_id, "storeId": "5", "franchiseId": 4, "items": [pizza] * items},
    }


async def bake(factory: Running, key: str, order_id: int = 7, items: int = 1) -> Answer:
    return await factory.call("POST", "/api/order", order(order_id, items), token=key)


async def valid(factory: Running, jwt: str) -> bool:
    answer = await factory.call("POST", "/api/order/verify", {"jwt": jwt})
    return answer.status == 200


async def attack(factory: Running, key: str, kind: str, **plan: object) -> None:
    answer = await factory.call("PUT", f"/api/vendor/chaos/{kind}", plan or None, token=key)
    assert (answer.status, answer.message) == (200, "Chaos initiated"), answer.text
