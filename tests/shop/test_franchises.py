"""Franchises and stores over HTTP."""

from typing import Any

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.ledger.store import PostgresLedger
from tests.running import Running

POCKET = {"id": 1, "name": "pizzaPocket", "stores": [{"id": 1, "name": "SLC"}]}


@pytest.fixture
async def admin(shop: Running) -> str:
    return await shop.log_in("a@jwt.com", "admin")


async def listed(shop: Running, query: str = "", token: str | None = None) -> Any:
    answer = await shop.call("GET", f"/api/franchise?{query}", token=token)
    assert answer.status == 200, answer.text
    return answer.json


async def test_everybody_sees_franchises_without_admins_and_revenue(shop: Running) -> None:
    for token in (None, "a.b.c", await shop.log_in()):
        assert await listed(shop, token=token) == {"franchises": [POCKET], "more": False}


async def test_an_administrator_also_sees_admins_and_revenue(shop: Running, admin: str) -> None:
    await shop.order(await shop.log_in(), 1, 2)
    assert await listed(shop, token=admin) == {
        "franchises": [
            {
                "id": 1,
                "name": "pizzaPocket",
                "admins": [{"id": 3, "name": "pizza franchisee", "email": "f@jwt.com"}],
                "stores": [{"id": 1, "name": "SLC", "totalRevenue": 0.008}],
            }
        ],
        "more": False,
    }


async def test_franchises_are_paged_from_zero_and_filtered(shop: Running, admin: str) -> None:
    for number in range(11):
        await shop.call("POST", "/api/franchise", {"name": f"Chain {number:02d}", "admins": []}, token=admin)
    await shop.call("POST", "/api/franchise", {"name": "50%_off\\now", "admins": []}, token=admin)

    async def names(query: str) -> tuple[list[str], bool]:
        answer = await listed(shop, query)
        return [franchise["name"] for franchise in answer["franchises"]], answer["more"]

    chains = [f"Chain {number:02d}" for number in range(11)]
    assert await names("page=0&limit=10&name=Chain*") == (chains[:10], True)
    assert await names("page=1&limit=10&name=Chain*") == (chains[10:], False)
    assert await names("page=0&limit=11&name=chain*") == (chains, False)
    assert await names("page=5&limit=10&name=*") == ([], False)
    assert (await names(""))[1] is True
    assert await names("name=*ocket") == (["pizzaPocket"], False)
    assert await names("name=50%25*") == (["50%_off\\now"], False)
    assert await names("name=*%5Cnow") == (["50%_off\\now"], False)
    for nothing in ("%25", "_hain*", "Chain%25", "%5C", "pizza", "zzz*"):
        assert await names(f"name={nothing}") == ([], False), nothing
    for query in ("page=-1", "page=x", "limit=0", "limit=-1", "limit=1.5", "page=99999999999999999999", "name=%00"):
        answer = await shop.call("GET", f"/api/franchise?{query}")
        assert answer.status == 400, query
        assert list(answer.json) == ["message"]


async def test_franchises_of_a_user_are_for_that_user_and_administrators(shop: Running, admin: str) -> None:
    franchisee = await shop.log_in("f@jwt.com", "franchisee")
    await shop.order(franchisee, 1)
    own = [
        {
            "id": 1,
            "name": "pizzaPocket",
            "admins": [{"id": 3, "name": "pizza franchisee", "email": "f@jwt.com"}],
            "stores": [{"id": 1, "name": "SLC", "totalRevenue": 0.0038}],
        }
    ]
    for token in (franchisee, admin):
        answer = await shop.call("GET", "/api/franchise/3", token=token)
        assert (answer.status, answer.json) == (200, own)
    for user_id in (1, 2, 3, 999):
        answer = await shop.call("GET", f"/api/franchise/{user_id}", token=await shop.log_in())
        assert (answer.status, answer.json) == (200, [])


async def test_an_administrator_creates_a_franchise_as_the_original_page_sends_it(shop: Running, admin: str) -> None:
    body = {"id": "", "name": "pizza Roma", "admins": [{"email": "F@jwt.com"}], "stores": []}
    answer = await shop.call("POST", "/api/franchise", body, token=admin)
    assert answer.status == 200
    assert answer.json == {
        "id": 2,
        "name": "pizza Roma",
        "admins": [{"email": "f@jwt.com", "id": 3, "name": "pizza franchisee"}],
    }
    franchisee = await shop.log_in("f@jwt.com", "franchisee")
    me = await shop.call("GET", "/api/user/me", token=franchisee)
    assert {"role": "franchisee", "objectId": 2} in me.json["roles"]
    assert (await shop.call("POST", "/api/franchise/2/store", {"name": "Trastevere"}, token=franchisee)).status == 200


async def test_who_may_not_create_a_franchise_is_told_so(shop: Running, admin: str) -> None:
    for email, password in (("d@jwt.com", "diner"), ("f@jwt.com", "franchisee")):
        token = await shop.log_in(email, password)
        answer = await shop.call("POST", "/api/franchise", {"name": "x", "admins": [{"email": email}]}, token=token)
        assert (answer.status, answer.json) == (403, {"message": "unable to create a franchise"})
    body = {"name": "x", "admins": [{"email": "f@jwt.com"}, {"email": "nobody@jwt.com"}]}
    answer = await shop.call("POST", "/api/franchise", body, token=admin)
    assert answer.status == 404
    assert answer.json == {"message": "unknown user for franchise admin nobody@jwt.com provided"}
    for name in ("pizzaPocket", "PIZZAPOCKET "):
        answer = await shop.call("POST", "/api/franchise", {"name": name, "admins": []}, token=admin)
        assert answer.status == 409
    assert len((await listed(shop))["franchises"]) == 1, "nothing of it was written"


async def test_a_closed_franchise_is_gone_and_its_revenue_stays_in_the_books(
    shop: Running, admin: str, postgres: Postgres
) -> None:
    diner, franchisee = await shop.log_in(), await shop.log_in("f@jwt.com", "franchisee")
    order = await shop.order(diner, 1)
    for token in (diner, franchisee):
        answer = await shop.call("DELETE", "/api/franchise/1", token=token)
        assert (answer.status, answer.json) == (403, {"message": "unable to delete a franchise"})
    answer = await shop.call("DELETE", "/api/franchise/1", token=admin, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json) == (200, {"message": "franchise deleted"})
    assert (await listed(shop))["franchises"] == []
    assert (await shop.order(diner, 1)).status == 404
    assert (await shop.call("GET", "/api/user/me", token=franchisee)).json["roles"] == [{"role": "diner"}]
    assert (await shop.call("POST", "/api/franchise/1/store", {"name": "x"}, token=franchisee)).status == 403
    for method, path, body in (
        ("DELETE", "/api/franchise/1", None),
        ("POST", "/api/franchise/1/store", {"name": "x"}),
        ("DELETE", "/api/franchise/1/store/1", None),
        ("DELETE", "/api/franchise/77", None),
    ):
        assert (await shop.call(method, path, body, token=admin)).status == 404, path
    assert await PostgresLedger(postgres).of_stores([1]) == {1: 380_000}
    history = await shop.call("GET", "/api/order", token=diner)
    assert history.json["orders"][0]["id"] == order.json["order"]["id"]
    again = await shop.call("POST", "/api/franchise", {"name": "pizzaPocket", "admins": []}, token=admin)
    assert again.status == 200, "the name is free again"


async def test_stores_are_opened_and_closed_by_administrators_and_their_franchisee(shop: Running, admin: str) -> None:
    await shop.call("POST", "/api/franchise", {"name": "other", "admins": [{"email": "d@jwt.com"}]}, token=admin)
    stranger = await shop.log_in()
    answer = await shop.call("POST", "/api/franchise/1/store", {"name": "Provo"}, token=stranger)
    assert (answer.status, answer.json) == (403, {"message": "unable to create a store"})
    answer = await shop.call("DELETE", "/api/franchise/1/store/1", token=stranger)
    assert (answer.status, answer.json) == (403, {"message": "unable to delete a store"})
    answer = await shop.call("DELETE", "/api/franchise/2/store/1", token=stranger)
    assert answer.status == 404, "a franchisee cannot close another's store through their own franchise"
    for number, token in enumerate((admin, await shop.log_in("f@jwt.com", "franchisee")), start=2):
        name = f"Store {number}"
        answer = await shop.call("POST", "/api/franchise/1/store", {"name": name}, token=token)
        store = answer.json["id"]
        assert (answer.status, answer.json) == (200, {"id": store, "franchiseId": 1, "name": name})
        assert (await shop.call("POST", "/api/franchise/1/store", {"name": name}, token=token)).status == 409
        assert (await shop.order(stranger, 1, store=store)).status == 200
        path = f"/api/franchise/1/store/{store}"
        answer = await shop.call("DELETE", path, token=token, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.json) == (200, {"message": "store deleted"})
        assert (await shop.call("DELETE", path, token=token)).status == 404
        assert (await shop.order(stranger, 1, store=store)).status == 404
    assert (await listed(shop, "name=pizzaPocket"))["franchises"] == [POCKET]
