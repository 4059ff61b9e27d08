"""A storm of logins beside a steady stream of orders."""

import asyncio
import threading
import time
from collections.abc import Sequence

import aiohttp

from jwt_pizza.bench import load
from jwt_pizza.bench.diners import Diner
from jwt_pizza.bench.load import Asked

LOGIN = '{"email":"d@jwt.com","password":"diner"}'
ORDER = (
    '{"franchiseId":1,"storeId":1,"items":[{"menuId":1,"description":"Veggie","price":0.0038},'
    '{"menuId":2,"description":"Pepperoni","price":0.0042}]}'
)


def orders_beside_logins(shop: str, diners: Sequence[Diner], *, rate: float, seconds: float) -> dict[str, float]:
    """Orders at `rate` a second, each timed from when it was due, while 64 connections log in as fast as they can."""
    stormed: list[load.Load] = []

    def storm() -> None:
        stormed.append(load.run("PUT", f"{shop}/api/auth", [Asked(body=LOGIN)], connections=64, seconds=seconds + 2))

    thread = threading.Thread(target=storm)
    thread.start()
    times, failed = asyncio.run(_orders(shop, diners, rate, seconds))
    thread.join()
    times.sort()
    logins = stormed[0]
    return {
        "per_s": round(len(times) / seconds, 1),
        "p50_ms": round(times[len(times) // 2], 2),
        "p99_ms": round(times[int(len(times) * 0.99)], 2),
        "failed": failed,
        "logins_per_s": round(logins.per_s, 1),
        "logins_refused_per_s": round(logins.refused / logins.seconds, 1),
    }


async def _orders(shop: str, diners: Sequence[Diner], rate: float, seconds: float) -> tuple[list[float], int]:
    times: list[float] = []
    failed = 0

    async def order(client: aiohttp.ClientSession, number: int, due: float) -> None:
        nonlocal failed
        headers = {"Authorization": f"Bearer {diners[number % len(diners)].token}", "Content-Type": "application/json"}
        async with client.post(f"{shop}/api/order", data=ORDER, headers=headers) as answer:
            await answer.read()
            failed += answer.status != 200
        times.append((time.perf_counter() - due) * 1000)

    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64), timeout=timeout) as client:
        start = time.perf_counter() + 1
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                due = start + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(order(client, number, due))
    return times, failed
