"""The menu over HTTP."""

import pytest

from tests.running import Running

MENU = [
    {"id": 1, "title": "Veggie", "image": "pizza1.png", "price": 0.0038, "description": "A garden of delight"},
    {"id": 2, "title": "Pepperoni", "image": "pizza2.png", "price": 0.0042, "description": "Spicy treat"},
    {"id": 3, "title": "Margarita", "image": "pizza3.png", "price": 0.0042, "description": "Essential classic"},
    {"id": 4, "title": "Crusty", "image": "pizza4.png", "price": 0.0028, "description": "A dry mouthed favorite"},
    {
        "id": 5,
        "title": "Charred Leopard",
        "image": "pizza5.png",
        "price": 0.0099,
        "description": "For those with a darker side",
    },
]
STUDENT = {
    "title": "Student",
    "description": "No topping, no sauce, just carbs",
    "image": "pizza9.png",
    "price": 0.0001,
}


async def test_the_menu_is_for_everybody(shop: Running) -> None:
    answer = await shop.call("GET", "/api/order/menu")
    assert (answer.status, answer.json) == (200, MENU)
    assert answer.headers["Content-Type"].startswith("application/json")


async def test_an_administrator_adds_an_item_and_gets_the_whole_menu(shop: Running) -> None:
    admin = await shop.log_in("a@jwt.com", "admin")
    answer = await shop.call("PUT", "/api/order/menu", STUDENT, token=admin)
    assert (answer.status, answer.json) == (200, [*MENU, {"id": 6, **STUDENT}])
    assert (await shop.call("GET", "/api/order/menu")).json == answer.json
    order = await shop.order(admin, 6)
    assert order.json["order"]["items"][0]["price"] == 0.0001


async def test_nobody_else_adds_items(shop: Running) -> None:
    for email, password in (("d@jwt.com", "diner"), ("f@jwt.com", "franchisee"), ("oncall@jwt.com", "oncall")):
        token = await shop.log_in(email, password)
        for body in (STUDENT, {}):
            answer = await shop.call("PUT", "/api/order/menu", body, token=token)
            assert (answer.status, answer.json) == (403, {"message": "unable to add menu item"})
    assert (await shop.call("GET", "/api/order/menu")).json == MENU


@pytest.mark.parametrize("price", [0.00000001, 1e-8, 1, 21_000_000, 0.1, 0.3, 1234.56789012])
async def test_prices_are_exact(shop: Running, price: float) -> None:
    admin = await shop.log_in("a@jwt.com", "admin")
    answer = await shop.call("PUT", "/api/order/menu", STUDENT | {"price": price}, token=admin)
    assert answer.json[-1]["price"] == price


async def test_an_item_that_cannot_be_sold_is_refused_with_what_to_change(shop: Running) -> None:
    admin = await shop.log_in("a@jwt.com", "admin")
    wrong: list[tuple[dict[str, object], str]] = [
        ({"price": 0}, "price"),
        ({"price": -0.001}, "price"),
        ({"price": 0.000000001}, "price"),
        ({"price": 1e-400}, "price"),
        ({"price": 21_000_001}, "price"),
        ({"price": 1e300}, "price"),
        ({"price": True}, "price"),
        ({"price": "cheap"}, "price"),
        ({"price": [1]}, "price"),
        ({"price": None}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": "Infinity"}, "price"),
        ({"price": "1e999999999"}, "price"),
        ({"price": "1e-999999999"}, "price"),
        ({"title": ""}, "title"),
        ({"title": " \t"}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"title": 7}, "title"),
        ({"description": None}, "description"),
        ({"description": "x" * 501}, "description"),
        ({"image": "javascript:alert(1)"}, "image"),
        ({"image": "data:text/html,x"}, "image"),
        ({"image": {}}, "image"),
    ]
    for change, word in wrong:
        answer = await shop.call("PUT", "/api/order/menu", STUDENT | change, token=admin)
        assert answer.status == 400, change
        assert list(answer.json) == ["message"]
        assert word in answer.message, (change, answer.message)
    for number in ("1e999", "1e-999999999", "-1", "NaN", "Infinity", "00.1", "0x1", "9" * 5000, "0." + "1" * 5000):
        body = f'{{"title":"a","description":"b","image":"c","price":{number}}}'.encode()
        answer = await shop.call("PUT", "/api/order/menu", data=body, token=admin)
        assert answer.status == 400, number
        assert len(answer.message) < 300
    assert (await shop.call("GET", "/api/order/menu")).json == MENU, "nothing of it was written"
