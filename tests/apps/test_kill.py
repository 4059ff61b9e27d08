"""Real processes, killed without warning under load: what a client saw accepted is there, once."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.apps.load import DEADLINE, Diners, OwnFactory, Up, guests, history, replays
from tests.places import thorough
from tests.running import Answer, claims

KILLS = thorough(10, few=4)
CLIENTS = 6
ROUNDS = thorough(10, few=3)
"""Of shop, factory and PostgreSQL in turn."""

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture
def own_factory(home: Path) -> Iterator[OwnFactory]:
    started = OwnFactory(home)
    yield started
    started.stop()


@pytest.fixture
def far_up(home: Path, own_factory: OwnFactory) -> Iterator[Up]:
    """A shop that lets another process bake. Its holds stand for a shorter time than users' would."""
    settings = {
        "JWT_PIZZA_POLICY": "factory",
        "JWT_PIZZA_FACTORY_URL": own_factory.url,
        "JWT_PIZZA_FACTORY_API_KEY": own_factory.api_key,
        "JWT_PIZZA_ORDER_SECONDS": "1",
        "JWT_PIZZA_HOLD_SECONDS": "14",
        "JWT_PIZZA_BREAKER_SECONDS": "0.1",
    }
    started = Up(home, settings)
    yield started
    if started.process.poll() is None:
        started.kill()


@on_linux
async def test_workers_are_killed_again_and_again_under_load(up: Up) -> None:
    dice = random.Random(2024)
    async with guests(up) as diners:
        load = [asyncio.create_task(diners.order(number)) for number in range(CLIENTS)]
        for _ in range(KILLS):
            await diners.wait_for(dice.randint(1, 40))
            os.kill(dice.choice(up.workers()), signal.SIGKILL)
            await diners.wait_for(20)
        diners.stopped = True
        await asyncio.gather(*load)
        await everything_is_there_once(diners)
    assert_sound(up)
    assert up.stop() == 0


@on_linux
async def test_the_database_is_killed_under_load(up: Up) -> None:
    """503 while it is away; what was accepted is there when everything runs again."""
    async with guests(up) as diners:
        load = [asyncio.create_task(diners.order(number)) for number in range(CLIENTS)]
        await diners.wait_for(100)
        os.kill(up.postmaster(), signal.SIGKILL)
        await diners.wait_for_refusal()
        diners.stopped = True
        await asyncio.gather(*load)
        for answer in diners.refused:
            assert answer.status == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
    up.kill()
    up.start()
    async with guests(up) as again:
        again.accepted = diners.accepted
        await everything_is_there_once(again)
        await again.shop.order(again.token)
    assert_sound(up)
    assert up.stop() == 0


@on_linux
async def test_shop_factory_and_database_are_killed_in_turn(far_up: Up, own_factory: OwnFactory) -> None:
    """Under policy factory. Half of the keys that a death left open are asked for again, the others never."""
    dice = random.Random(2024)
    async with guests(far_up) as diners:
        load = [asyncio.create_task(diners.order(number)) for number in range(CLIENTS)]
        for _ in range(ROUNDS):
            await diners.wait_for(dice.randint(1, 40))
            os.kill(dice.choice(far_up.workers()), signal.SIGKILL)
            # The factory dies while it bakes for the shop.
            await diners.wait_for_pizzas_of(own_factory.VENDOR, dice.randint(1, 10))
            os.kill(dice.choice(own_factory.workers()), signal.SIGKILL)
            await diners.wait_for(dice.randint(1, 40))
            os.kill(far_up.postmaster(), signal.SIGKILL)
        await diners.wait_for_pizzas_of(own_factory.VENDOR, 1)
        diners.stopped = True
        await asyncio.gather(*load)
        await diners.settle(diners.aside[::2])
        await no_hold_is_left(far_up)
        await replays(diners, 100)
        assert {order["jwt"] for order in await history(diners)} >= {
            pizza_of(text) for text in diners.accepted.values()
        }
        await every_key_has_one_order(diners, far_up)
    assert_sound(far_up)
    assert far_up.stop() == 0


async def everything_is_there_once(diners: Diners) -> None:
    """History holds exactly the accepted orders; each key replays its answer and places nothing."""
    await replays(diners, 100)
    seen = [order["jwt"] for order in await history(diners)]
    assert len(seen) == len(set(seen))
    assert set(seen) >= {pizza_of(text) for text in diners.accepted.values()}
    # Each client may have been stopped before it heard of its last order.
    assert len(seen) - len(diners.accepted) in range(CLIENTS + 1)


async def no_hold_is_left(up: Up) -> None:
    """When the reaper has seen the last that expires."""
    connection = await asyncpg.connect(up.cluster().url())
    async with asyncio.timeout(DEADLINE):
        while await connection.fetchval("SELECT EXISTS (SELECT FROM shop.orders WHERE status = 'held')"):
            await asyncio.sleep(0.05)
    await connection.close()


async def every_key_has_one_order(diners: Diners, up: Up) -> None:
    """The books, the factory's record and what clients heard agree."""
    connection = await asyncpg.connect(up.cluster().url())
    rows = await connection.fetch(
        "SELECT k.key, o.id, o.status::text, o.jwt "
        "FROM shop.orders o LEFT JOIN shop.idempotency_keys k ON k.order_id = o.id"
    )
    baked = {row["order_id"] for row in await connection.fetch("SELECT order_id FROM factory.bakes")}
    await connection.close()
    orders = {row["key"]: row for row in rows}
    assert len(orders) == len(rows), "an order has no key of its own"
    assert {row["status"] for row in rows} <= {"fulfilled", "voided"}
    for key, text in diners.accepted.items():
        assert orders[key]["status"] == "fulfilled"
        assert orders[key]["jwt"] == pizza_of(text)
    assert {orders[key]["status"] for key in diners.failed} <= {"voided"}
    pizzas = [row["jwt"] for row in rows if row["status"] == "fulfilled"]
    assert len(pizzas) == len(set(pizzas))
    assert {row["jwt"] for row in rows if row["status"] == "voided"} <= {None}
    for row in rows:
        if row["jwt"] is not None:
            pizza = claims(row["jwt"])
            assert pizza["order"]["id"] == row["id"]
            assert pizza["vendor"]["id"] != OwnFactory.VENDOR or row["id"] in baked


def pizza_of(text: str) -> str:
    return str(Answer(200, {}, text).json["jwt"])


def assert_sound(up: Up) -> None:
    checked = up.check_ledger()
    assert checked.returncode == 0, checked.stdout
