"""Orders over HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.ledger.store import PostgresLedger
from tests.running import Running, claims, running_shop


async def test_order_is_priced_by_the_menu_baked_and_captured(shop: Running, postgres: Postgres) -> None:
    token = await shop.log_in()
    answer = await shop.order(token, 1, 2)
    assert answer.status == 200
    order = answer.json["order"]
    assert [item["price"] for item in order["items"]] == [0.0038, 0.0042]
    assert [item["description"] for item in order["items"]] == ["Veggie", "Pepperoni"]
    pizza = claims(answer.json["jwt"])
    assert pizza["diner"]["email"] == "d@jwt.com"
    assert pizza["order"]["id"] == order["id"]
    assert pizza["vendor"] == {"id": "jwt-pizza", "name": "JWT Pizza"}
    assert await PostgresLedger(postgres).broken() == []
    assert (await PostgresLedger(postgres).of_stores([1]))[1] == 800_000


async def test_same_key_at_the_same_moment_places_one_order(shop: Running, database_url: str) -> None:
    """Twenty parallel requests on two servers: one order, twenty equal answers."""
    token = await shop.log_in()
    async with running_shop(database_url) as other:
        servers = [shop, other]
        answers = await asyncio.gather(*(servers[n % 2].order(token, 3, key="one-pizza") for n in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert sum(answer.headers.get("Idempotent-Replayed") != "true" for answer in answers) == 1
    history = await shop.call("GET", "/api/order", token=token)
    assert len(history.json["orders"]) == 1


async def test_the_answer_has_the_order_and_its_pizza(shop: Running) -> None:
    """Ids may arrive as strings, as the original's page sends them; price and description are the menu's."""
    token = await shop.log_in()
    body = {
        "franchiseId": "1",
        "storeId": "1",
        "items": [{"menuId": "5", "description": "free", "price": 0}, {"menuId": 4, "price": 9e99, "id": 3}],
        "id": "",
    }
    answer = await shop.call("POST", "/api/order", body, token=token)
    assert answer.status == 200, answer.text
    order, jwt = answer.json["order"], answer.json["jwt"]
    assert answer.json == {"order": order, "jwt": jwt}
    items = [
        {"id": order["items"][0]["id"], "menuId": 5, "description": "Charred Leopard", "price": 0.0099},
        {"id": order["items"][1]["id"], "menuId": 4, "description": "Crusty", "price": 0.0028},
    ]
    assert order == {
        "id": order["id"],
        "franchiseId": 1,
        "storeId": 1,
        "date": order["date"],
        "items": items,
        "status": "fulfilled",
        "total": 0.0127,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", order["date"])
    assert len({item["id"] for item in items}) == 2
    pizza = claims(jwt)
    assert pizza["diner"] == {"id": 2, "name": "pizza diner", "email": "d@jwt.com"}
    assert pizza["exp"] - pizza["iat"] == 24 * 3600
    history = await shop.call("GET", "/api/order", token=token)
    assert history.json == {"dinerId": 2, "orders": [order | {"jwt": jwt}], "page": 1}
    verified = await shop.call("POST", "/factory/api/order/verify", {"jwt": jwt})
    assert verified.json == {
        "message": "valid",
        "payload": {key: pizza[key] for key in ("vendor", "diner", "order", "iat", "exp", "iss")},
    }


async def test_history_has_ten_a_page_oldest_first(shop: Running) -> None:
    token = await shop.log_in()
    placed = [(await shop.order(token, 1 + n % 5)).json["order"]["id"] for n in range(12)]
    other, others = await shop.register("Ada", "ada@jwt.com")

    async def page(query: str) -> tuple[list[int], int]:
        answer = await shop.call("GET", f"/api/order?{query}", token=token)
        assert answer.status == 200
        return [order["id"] for order in answer.json["orders"]], answer.json["page"]

    assert await page("") == (placed[:10], 1)
    assert await page("page=2") == (placed[10:], 2)
    assert await page("page=3") == ([], 3)
    assert await page("sort=newest") == (placed[:1:-1], 1)
    assert await page("sort=newest&page=2") == (placed[1::-1], 2)
    for query in ("page=0", "page=-1", "page=x", "page=1.5", "sort=best", "page=9223372036854775808"):
        answer = await shop.call("GET", f"/api/order?{query}", token=token)
        assert answer.status == 400
        assert list(answer.json) == ["message"]
    assert (await shop.call("GET", "/api/order", token=others)).json == {"dinerId": other, "orders": [], "page": 1}


async def test_an_order_that_cannot_be_sold_is_refused_at_once(shop: Running, postgres: Postgres) -> None:
    token, admin = await shop.log_in(), await shop.log_in("a@jwt.com", "admin")
    await shop.call("POST", "/api/franchise", {"name": "other", "admins": []}, token=admin)
    one = [{"menuId": 1, "description": "Veggie", "price": 0.0038}]
    refused: list[tuple[int, dict[str, object], str]] = [
        (400, {"franchiseId": 1, "storeId": 1, "items": []}, "items"),
        (400, {"franchiseId": 1, "storeId": 1, "items": one * 21}, "20 items"),
        (400, {"franchiseId": 1, "storeId": 1, "items": one * 1001}, "items"),
        (404, {"franchiseId": 1, "storeId": 1, "items": [{"menuId": 99}]}, "menu item 99"),
        (404, {"franchiseId": 1, "storeId": 99, "items": one}, "store 99"),
        (400, {"franchiseId": 2, "storeId": 1, "items": one}, "franchise 2"),
        (400, {"franchiseId": 99, "storeId": 1, "items": one}, "franchise 99"),
    ]
    for status, body, word in refused:
        answer = await shop.call("POST", "/api/order", body, token=token)
        assert answer.status == status, body
        assert word in answer.message
    assert (await shop.order(token, *([1] * 20))).status == 200
    assert await postgres.fetchval("test", "SELECT count(*) FROM shop.orders") == 1
    assert await PostgresLedger(postgres).broken() == []


async def test_a_key_replays_its_first_answer_and_no_other_request(shop: Running) -> None:
    token = await shop.log_in()
    first = await shop.order(token, 1, key="k" * 255)
    again = await shop.order(token, 1, key="k" * 255)
    assert (again.status, again.text) == (200, first.text)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await shop.order(token, 2, key="k" * 255)
    assert other.status == 400
    assert other.message == (
        "Keys for idempotent requests can only be used with the same parameters they were first used with"
    )
    _, ada = await shop.register("Ada", "ada@jwt.com")
    hers = await shop.order(ada, 1, key="k" * 255)
    assert hers.json["order"]["id"] != first.json["order"]["id"], "keys are each diner's own"
    for key in ("k" * 256, "ü", "a\tb"):
        answer = await shop.order(token, 1, key=key)
        assert answer.status == 400
        assert "Idempotency-Key" in answer.message


async def test_a_key_replays_whatever_has_become_of_menu_and_store(shop: Running, postgres: Postgres) -> None:
    """Who lost the answer learns of the order that was charged, although it could not be placed any more."""
    token, admin = await shop.log_in(), await shop.log_in("a@jwt.com", "admin")
    first = await shop.order(token, 1, key="lost")
    await shop.call("PUT", "/api/order/chaos/true", token=admin)
    for _ in range(12):
        assert (await shop.order(token, 1, key="lost")).text == first.text
    await shop.call("PUT", "/api/order/chaos/false", token=admin)
    await shop.call("DELETE", "/api/franchise/1", token=admin)
    again = await shop.order(token, 1, key="lost")
    assert (again.status, again.text) == (200, first.text)
    assert (await shop.order(token, 2, key="lost")).status == 400
    assert (await shop.order(token, 1, key="new")).status == 404
    await PostgresLedger(postgres).refund(first.json["order"]["id"], SystemClock().now())
    assert (await shop.order(token, 1, key="lost")).text == first.text
    await shop.call("DELETE", "/api/auth", token=token)
    assert (await shop.order(token, 1, key="lost")).status == 401


async def test_a_refused_request_does_not_use_its_key_up(shop: Running) -> None:
    token = await shop.log_in()
    assert (await shop.order(token, 99, key="typo")).status == 404
    assert (await shop.order(token, 1, key="typo")).status == 200


async def test_the_chaos_monkey_lets_half_of_the_orders_fail_uncharged(shop: Running, postgres: Postgres) -> None:
    token, admin = await shop.log_in(), await shop.log_in("a@jwt.com", "admin")
    assert (await shop.call("PUT", "/api/order/chaos/true", token=token)).status == 403
    answer = await shop.call("PUT", "/api/order/chaos/true", token=admin)
    assert (answer.status, answer.json) == (200, {"chaos": True})
    answers = [await shop.order(token) for _ in range(60)]
    failed = [answer for answer in answers if answer.status == 500]
    assert 10 < len(failed) < 50
    assert all(answer.json == {"message": "Chaos monkey"} for answer in failed)
    assert (await PostgresLedger(postgres).of_stores([1]))[1] == (60 - len(failed)) * 380_000
    answer = await shop.call("PUT", "/api/order/chaos/false", token=admin)
    assert (answer.status, answer.json) == (200, {"chaos": False})
    assert {(await shop.order(token)).status for _ in range(20)} == {200}
    assert (await shop.call("PUT", "/api/order/chaos/maybe", token=admin)).status == 400


async def test_without_a_free_connection_orders_are_refused_soon_and_go_on_afterwards(database_url: str) -> None:
    """All who wait learn it together: refusing them one after the other would keep the last waiting for minutes."""
    async with running_shop(database_url, pool_size=2, pool_wait_seconds=0.5) as shop:
        token = await shop.log_in()
        assert (await shop.order(token)).status == 200
        async with blocker(database_url) as other, other.lease("test") as connection, connection.transaction():
            await connection.execute("LOCK TABLE shop.users")
            login = {"email": "d@jwt.com", "password": "diner"}
            stuck = [
                asyncio.create_task(shop.call("GET", "/api/user/me", token=token)),
                asyncio.create_task(shop.call("PUT", "/api/auth", login)),
            ]
            while await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < 2:
                await asyncio.sleep(0)
            async with asyncio.timeout(3):
                answers = await asyncio.gather(*(shop.order(token) for _ in range(30)))
        assert {answer.status for answer in answers} == {503}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
        assert {answer.status for answer in await asyncio.gather(*stuck)} == {200}
        assert (await shop.order(token)).status == 200


@asynccontextmanager
async def blocker(database_url: str) -> AsyncIterator[Postgres]:
    pool = await Postgres(database_url, name="blocker", size=2).open()
    try:
        yield pool
    finally:
        await pool.close()
