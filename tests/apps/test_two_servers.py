"""Two shops on one database behave as one. And the session of the original's data script on one of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from jwt_pizza.factory.pizzas.store import PostgresKeys
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.jwt import read_header
from jwt_pizza.kit.postgres import Postgres
from tests.running import Running, running_shop


@pytest.fixture
async def other(database_url: str, shop: Running) -> AsyncIterator[Running]:
    async with running_shop(database_url) as running:
        yield running


async def test_a_logout_counts_everywhere_at_once(shop: Running, other: Running) -> None:
    token = await shop.log_in()
    for server in (shop, other):
        assert (await server.order(token)).status == 200, "both remember the session"
    await other.call("DELETE", "/api/auth", token=token)
    for method, path in (("GET", "/api/user/me"), ("GET", "/api/order")):
        assert (await shop.call(method, path, token=token)).status == 401
    assert (await shop.order(token)).status == 401


async def test_login_failures_count_together(shop: Running, other: Running) -> None:
    servers, wrong = (shop, other), {"email": "d@jwt.com", "password": "wrong"}
    answers = [await servers[n % 2].call("PUT", "/api/auth", wrong) for n in range(12)]
    assert [answer.status for answer in answers] == [404] * 10 + [429] * 2
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers[10:])


async def test_a_key_used_on_one_is_replayed_by_the_other(shop: Running, other: Running) -> None:
    token = await shop.log_in()
    first = await shop.order(token, 1, key="k")
    again = await other.order(token, 1, key="k")
    assert again.text == first.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await other.order(token, 2, key="k")).status == 400


async def test_changes_of_menu_and_stores_are_seen_at_once(shop: Running, other: Running) -> None:
    token, admin = await shop.log_in(), await shop.log_in("a@jwt.com", "admin")
    for server in (shop, other):
        assert (await server.order(token)).status == 200, "both remember the catalogue"
        assert len((await server.call("GET", "/api/order/menu")).json) == 5
    item = {"title": "Student", "description": "carbs", "image": "pizza9.png", "price": 0.0001}
    menu = await shop.call("PUT", "/api/order/menu", item, token=admin)
    assert (await other.call("GET", "/api/order/menu")).json == menu.json
    assert (await other.order(token, 6)).status == 200
    store = (await other.call("POST", "/api/franchise/1/store", {"name": "Provo"}, token=admin)).json["id"]
    assert (await shop.order(token, 1, store=store)).status == 200
    await other.call("DELETE", "/api/franchise/1/store/1", token=admin)
    assert (await shop.order(token, 1)).status == 404
    await shop.call("DELETE", "/api/franchise/1", token=admin)
    assert (await other.order(token, 1, store=store)).status == 404


async def test_chaos_is_let_loose_and_chained_on_both(shop: Running, other: Running) -> None:
    token, admin = await shop.log_in(), await shop.log_in("a@jwt.com", "admin")
    assert (await other.order(token)).status == 200
    await shop.call("PUT", "/api/order/chaos/true", token=admin)
    assert 500 in {(await other.order(token)).status for _ in range(20)}
    await shop.call("PUT", "/api/order/chaos/false", token=admin)
    assert {(await other.order(token)).status for _ in range(20)} == {200}


async def test_pizzas_of_a_rotated_key_verify_everywhere(shop: Running, other: Running, postgres: Postgres) -> None:
    token = await shop.log_in()
    old = (await shop.order(token)).json["jwt"]
    kid = await PostgresKeys(postgres, SystemClock(), lifetime=3600).rotate()
    assert read_header(old).kid != kid
    async with asyncio.timeout(10):
        for server in (shop, other):
            while read_header(new := (await server.order(token)).json["jwt"]).kid != kid:
                await asyncio.sleep(0.05)
            for verifier in (shop, other):
                for pizza in (old, new):
                    answer = await verifier.call("POST", "/factory/api/order/verify", {"jwt": pizza})
                    assert answer.status == 200


async def test_a_deleted_user_is_gone_everywhere(shop: Running, other: Running) -> None:
    user_id, token = await shop.register("Ada", "ada@jwt.com")
    assert (await other.order(token)).status == 200
    assert (await shop.call("DELETE", f"/api/user/{user_id}", token=token)).status == 200
    assert (await other.order(token)).status == 401
    assert (await other.call("GET", "/api/user/me", token=token)).status == 401


async def test_a_changed_name_is_on_the_next_pizza_and_a_new_role_holds_at_once(shop: Running, other: Running) -> None:
    user_id, token = await shop.register("Ada", "ada@jwt.com")
    assert (await other.order(token)).status == 200
    await shop.call("PUT", f"/api/user/{user_id}", {"name": "Grace"}, token=token)
    order = await other.order(token)
    verified = await other.call("POST", "/factory/api/order/verify", {"jwt": order.json["jwt"]})
    assert verified.json["payload"]["diner"]["name"] == "Grace"
    admin = await shop.log_in("a@jwt.com", "admin")
    body = {"name": "Ada's", "admins": [{"email": "ada@jwt.com"}]}
    franchise = (await shop.call("POST", "/api/franchise", body, token=admin)).json["id"]
    assert (await other.call("POST", f"/api/franchise/{franchise}/store", {"name": "x"}, token=token)).status == 200


async def test_a_changed_password_ends_the_other_sessions_everywhere(shop: Running, other: Running) -> None:
    user_id, token = await shop.register("Ada", "ada@jwt.com")
    second = await other.log_in("ada@jwt.com", "a")
    for server in (shop, other):
        for known in (token, second):
            assert (await server.order(known)).status == 200
    await shop.call("PUT", f"/api/user/{user_id}", {"password": "b"}, token=token)
    assert (await other.order(second)).status == 401
    assert (await other.order(token)).status == 200


async def test_the_session_of_the_originals_data_script(shop: Running) -> None:
    """Its calls, bodies and headers as they are, and an order as the original's page sends it."""
    json = {"Content-Type": "application/json"}
    for name, email, password in (("pizza diner 2", "d2@jwt.com", "diner"), ("pizza chef", "f2@jwt.com", "franchisee")):
        answer = await shop.call(
            "POST", "/api/auth", {"name": name, "email": email, "password": password}, headers=json
        )
        assert answer.status == 200
    login = await shop.call("PUT", "/api/auth", {"email": "a@jwt.com", "password": "admin"}, headers=json)
    admin = login.json["token"]
    item = {"title": "Plain", "description": "Just cheese", "image": "pizza1.png", "price": 0.0038}
    menu = await shop.call("PUT", "/api/order/menu", item, token=admin)
    assert menu.json[-1] == {"id": 6, **item}
    body = {"stores": [], "id": "", "name": "pizzaCellar", "admins": [{"email": "f2@jwt.com"}]}
    franchise = await shop.call("POST", "/api/franchise", body, token=admin)
    assert franchise.status == 200
    assert franchise.json["admins"][0]["name"] == "pizza chef"
    franchise_id = franchise.json["id"]
    body = {"franchiseId": str(franchise_id), "name": "Orem", "id": "", "totalRevenue": 0}
    store = await shop.call("POST", f"/api/franchise/{franchise_id}/store", body, token=admin)
    assert store.json == {"id": store.json["id"], "franchiseId": franchise_id, "name": "Orem"}
    diner = await shop.log_in("d2@jwt.com", "diner")
    body = {
        "items": [
            {"menuId": "6", "description": "Plain", "price": 0.0038},
            {"menuId": 1, "description": "Veggie", "price": 0.0038},
        ],
        "storeId": str(store.json["id"]),
        "franchiseId": franchise_id,
    }
    order = await shop.call("POST", "/api/order", body, token=diner)
    assert order.status == 200
    assert order.json["order"]["storeId"] == store.json["id"]
    verified = await shop.call("POST", "/factory/api/order/verify", {"jwt": order.json["jwt"]}, token=diner)
    assert verified.message == "valid"
    chef = await shop.log_in("f2@jwt.com", "franchisee")
    me = await shop.call("GET", "/api/user/me", token=chef)
    own = await shop.call("GET", f"/api/franchise/{me.json['id']}", token=chef)
    assert own.json[0]["stores"] == [{"id": store.json["id"], "name": "Orem", "totalRevenue": 0.0076}]
    path = f"/api/franchise/{franchise_id}/store/{store.json['id']}"
    assert (await shop.call("DELETE", path, token=chef, headers=json)).json == {"message": "store deleted"}
    answer = await shop.call("DELETE", f"/api/franchise/{franchise_id}", token=admin, headers=json)
    assert answer.json == {"message": "franchise deleted"}
    assert (await shop.call("DELETE", "/api/auth", token=diner, headers=json)).json == {"message": "logout successful"}
