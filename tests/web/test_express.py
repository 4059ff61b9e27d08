"""Express lanes answer as the framework's own routes do."""

import json

import pytest

from tests.running import Answer, Running


async def both(shop: Running, method: str, path: str, body: object = None, token: str | None = None) -> list[Answer]:
    """The call on its lane, and with a trailing slash, which the framework serves."""
    return [await shop.call(method, address, body, token=token) for address in (path, path + "/")]


async def test_an_order_is_the_same_on_both_ways(shop: Running) -> None:
    token = await shop.log_in()
    body = {"franchiseId": "1", "storeId": 1, "items": [{"menuId": 1}]}
    answers = await both(shop, "POST", "/api/order", body, token)
    assert [answer.status for answer in answers] == [200, 200]
    items = [answer.json["order"]["items"][0] for answer in answers]
    assert [item["description"] for item in items] == ["Veggie", "Veggie"]
    history = await both(shop, "GET", "/api/order", token=token)
    assert history[0].text == history[1].text
    assert len(history[0].json["orders"]) == 2


async def test_menu_and_verification_are_the_same_on_both_ways(shop: Running) -> None:
    menu = await both(shop, "GET", "/api/order/menu")
    assert menu[0].text == menu[1].text
    jwt = (await shop.order(await shop.log_in())).json["jwt"]
    verified = await both(shop, "POST", "/factory/api/order/verify", {"jwt": jwt})
    assert verified[0].text == verified[1].text
    assert verified[0].json["message"] == "valid"


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"franchiseId": 1, "storeId": 1, "items": []}, 400), ({"franchiseId": 1, "storeId": 99}, 400)],
)
async def test_refusals_are_the_same_on_both_ways(shop: Running, body: object, status: int) -> None:
    answers = await both(shop, "POST", "/api/order", body, await shop.log_in())
    assert [answer.status for answer in answers] == [status, status]
    assert all(list(json.loads(answer.text)) == ["message"] for answer in answers)
    missing = await both(shop, "POST", "/api/order", body)
    assert {answer.status for answer in missing} <= {400, 401}
