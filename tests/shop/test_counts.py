"""What a shop counts, as its metrics show it."""

import re

import pytest

from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.accounts.attendance import Attendance
from jwt_pizza.shop.accounts.store import PostgresAttendances
from tests.clocks import HandClock
from tests.factory.kitchen import attack, vendor_key
from tests.running import Running, running_factory, running_shop


async def metrics(server: Running) -> dict[str, float]:
    """Series by name and labels, as they are exposed."""
    text = (await server.call("GET", "/metrics")).text
    return {found[1]: float(found[2]) for found in re.finditer(r"^([^#\s].*) (\S+)$", text, re.MULTILINE)}


async def grown(server: Running, before: dict[str, float], *series: str) -> list[float]:
    after = await metrics(server)
    return [after.get(name, 0.0) - before.get(name, 0.0) for name in series]


async def test_orders_pizzas_money_and_logins(shop: Running) -> None:
    before = await metrics(shop)
    token = await shop.log_in()
    await shop.call("PUT", "/api/auth", {"email": "d@jwt.com", "password": "wrong"})
    await shop.register("Ada", "counts@jwt.com")
    first = await shop.order(token, 1, 2, key="once")
    assert (await shop.order(token, 1, 2, key="once")).text == first.text
    await shop.order(token, 99)
    assert await grown(
        shop,
        before,
        'pizza_orders_total{outcome="fulfilled",oven="in-house"}',
        "pizza_sold_total",
        "pizza_revenue_satoshis_total",
        'auth_attempts_total{result="success",service="shop"}',
        'auth_attempts_total{result="wrong",service="shop"}',
        'auth_attempts_total{result="registered",service="shop"}',
        'pizza_order_duration_seconds_count{outcome="fulfilled"}',
    ) == [1, 2, 800_000, 1, 1, 1, 1], "a replay and an order that cannot be sold are no orders"
    now = await metrics(shop)
    assert now['process_resident_memory_bytes{service="shop"}'] > 1 << 20
    assert now['process_open_fds{service="shop"}'] > 3
    assert now['database_reachable{service="shop"}'] == 1


@pytest.mark.parametrize(
    ("policy", "kind", "outcome", "oven", "reason"),
    [
        ("factory-only", "fail", "charged", "factory", "error"),
        ("factory-only", "wrong-order", "charged", "factory", "bad pizza"),
        ("factory", "fail", "fulfilled", "in-house", None),
    ],
)
async def test_outcome_oven_and_reason_under_attack(
    database_url: str, postgres: Postgres, policy: str, kind: str, outcome: str, oven: str, reason: str | None
) -> None:
    """A pizza of another order is a bad pizza, although its signature is good."""
    key = await vendor_key(postgres)
    async with (
        running_factory(database_url) as factory,
        running_shop(
            database_url, policy=policy, factory_url=factory.url, factory_api_key=key, exercise_share=0.0
        ) as shop,
    ):
        await attack(factory, key, kind)
        before = await metrics(shop)
        await shop.order(await shop.log_in())
        assert await grown(shop, before, f'pizza_orders_total{{outcome="{outcome}",oven="{oven}"}}') == [1]
        if reason is not None:
            assert await grown(
                shop,
                before,
                f'pizza_orders_failed_total{{reason="{reason}"}}',
                f'pizza_bake_attempts_total{{oven="factory",reason="{reason}"}}',
                f'pizza_bake_attempt_duration_seconds_count{{oven="factory",reason="{reason}"}}',
                "pizza_sold_total",
            ) == [1, 1, 1, 0]


async def test_orders_that_never_came_to_the_books_failed(shop: Running) -> None:
    token, admin = await shop.log_in(), await shop.log_in("a@jwt.com", "admin")
    await shop.call("PUT", "/api/order/chaos/true", token=admin)
    before = await metrics(shop)
    statuses = [(await shop.order(token)).status for _ in range(20)]
    assert await grown(
        shop,
        before,
        'pizza_orders_failed_total{reason="chaos monkey"}',
        'pizza_orders_total{outcome="failed",oven=""}',
        'pizza_orders_total{outcome="fulfilled",oven="in-house"}',
    ) == [statuses.count(500), statuses.count(500), statuses.count(200)]


async def test_users_seen_by_any_process_are_active_for_five_minutes(postgres: Postgres) -> None:
    """Each once, wherever they were seen."""
    clock = HandClock()
    shown: list[int] = []
    seen: tuple[set[int], set[int]] = (set(), set())
    processes = [Attendance(each, PostgresAttendances(postgres), clock, shown.append) for each in seen]

    async def note(first: set[int], second: set[int]) -> int:
        seen[0].update(first)
        seen[1].update(second)
        for process in processes:
            await process.note()
        clock.pass_(70)
        return shown[-1]

    assert await note({1, 2}, {2, 3}) == 3
    assert await note({1}, set()) == 3
    clock.pass_(170)
    assert await note(set(), {4}) == 2
    clock.pass_(300)
    assert await note(set(), set()) == 0


async def test_who_is_signed_in_is_seen(database_url: str, postgres: Postgres) -> None:
    async with running_shop(database_url) as shop:
        await shop.order(await shop.log_in())
        clock = SystemClock()
        while not await postgres.fetchval("test", "SELECT count(*) FROM shop.attendance"):
            await clock.sleep(0.05)
    assert await postgres.fetchval("test", "SELECT min(user_id) FROM shop.attendance") is not None
