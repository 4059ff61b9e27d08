"""Express lanes answer as the framework's own routes do."""

import json
import os
from typing import Any

import pytest

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit.logs import Log
from jwt_pizza.web.express import Express
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


class Full:
    """A gate that refuses so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self) -> None:
        self.times -= 1
        if self.times >= 0:
            raise Unavailable("too many at this moment", retry_after=2)


async def knock(gate: Full, keep: float, logged: list[bytes]) -> list[Any]:
    """What is answered at a gate."""
    reading, writing = os.pipe()
    sent: list[Any] = []

    async def inside(_scope: object, _receive: object, send: Any) -> None:
        await send({"type": "inside"})

    async def unread() -> Any:
        raise AssertionError("the call was read")

    async def send(message: Any) -> None:
        sent.append(message)

    log = Log("test", fd=writing)
    lanes: dict[tuple[str, str], Any] = {}
    express = Express(inside, lanes, {("PUT", "/api/auth"): gate}, log=log, most_bytes=1024, deadline=1.0, keep=keep)
    scope: Any = {"type": "http", "method": "PUT", "path": "/api/auth", "headers": [], "query_string": b""}
    await express(scope, unread, send)
    log.flush()
    os.close(writing)
    logged.append(os.read(reading, 4096))
    os.close(reading)
    return sent


async def test_a_gate_refuses_before_anything_is_read() -> None:
    logged: list[bytes] = []
    sent = await knock(Full(2), 0.0, logged)
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"2") in sent[0]["headers"]
    assert json.loads(sent[1]["body"]) == {"message": "too many at this moment"}
    assert json.loads(logged[0])["reason"] == "too many at this moment"


async def test_who_waits_at_a_gate_gets_in_when_there_is_room() -> None:
    assert await knock(Full(1), 0.0, []) == [{"type": "inside"}]


async def test_a_crowd_before_a_gate_is_sent_away_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jwt_pizza.web.express._MOST_KEPT", 0)
    sent = await knock(Full(1), 3600.0, [])
    assert sent[0]["status"] == 503
    assert (b"connection", b"close") in sent[0]["headers"]
