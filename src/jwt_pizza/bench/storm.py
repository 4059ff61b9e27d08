"""A storm of logins beside a steady stream of orders."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import aiohttp
import uvloop

from jwt_pizza.bench import load
from jwt_pizza.bench.diners import Diner
from jwt_pizza.bench.load import Asked

LOGIN = '{"email":"d@jwt.com","password":"diner"}'
ORDER = (
    '{"franchiseId":1,"storeId":1,"items":[{"menuId":1,"description":"Veggie","price":0.0038},'
    '{"menuId":2,"description":"Pepperoni","price":0.0042}]}'
)


def orders_beside_logins(shop: str, diners: Sequence[Diner], *, rate: float, seconds: float) -> dict[str, float]:
    """Orders at `rate` a second, each timed from when it was due, while 64 connections log in as fast as they can.

    All of it shares the cores. Who measures goes first where the system lets it, or it would measure itself:
    `sent_late_p99_ms` is what it adds to the times all the same.
    """
    stormed: list[load.Load] = []

    def storm() -> None:
        stormed.append(load.run("PUT", f"{shop}/api/auth", [Asked(body=LOGIN)], connections=64, seconds=seconds + 2))

    thread = threading.Thread(target=storm)
    thread.start()
    with _first(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        times, late, failed = runner.run(_orders(shop, diners, rate, seconds))
    thread.join()
    times.sort()
    late.sort()
    logins = stormed[0]
    return {
        "per_s": round(len(times) / seconds, 1),
        "p50_ms": round(times[len(times) // 2], 2),
        "p99_ms": round(times[int(len(times) * 0.99)], 2),
        "sent_late_p99_ms": round(late[int(len(late) * 0.99)], 2),
        "failed": failed,
        "logins_per_s": round(logins.per_s, 1),
        "logins_refused_per_s": round(logins.refused / logins.seconds, 1),
    }


@contextmanager
def _first() -> Iterator[None]:
    """This thread alone, and not what others start."""
    me = threading.get_native_id()
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, me, -10)
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, me, 0)


async def _orders(
    shop: str, diners: Sequence[Diner], rate: float, seconds: float
) -> tuple[list[float], list[float], int]:
    times: list[float] = []
    late: list[float] = []
    failed = 0

    async def order(client: aiohttp.ClientSession, number: int, due: float) -> None:
        nonlocal failed
        headers = {"Authorization": f"Bearer {diners[number % len(diners)].token}", "Content-Type": "application/json"}
        late.append((time.perf_counter() - due) * 1000)
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
    return times, late, failed
