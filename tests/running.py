"""Servers under test, on real sockets in this process, and a client that speaks to them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
import uvicorn

from jwt_pizza.apps import factory as factory_app
from jwt_pizza.apps import ops as ops_app
from jwt_pizza.apps import shop as shop_app
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit import http, settings


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def message(self) -> str:
        return str(self.json["message"])


@dataclass
class Running:
    """A server and a client of it."""

    url: str
    client: aiohttp.ClientSession
    tokens: dict[str, str] = field(default_factory=dict)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.client.request(
            method, self.url + path, data=data, headers=sent, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers.copy(), (await answer.read()).decode())

    async def log_in(self, email: str = "d@jwt.com", password: str = "diner") -> str:
        answer = await self.call("PUT", "/api/auth", {"email": email, "password": password})
        assert answer.status == 200, answer.text
        return str(answer.json["token"])

    async def register(self, name: str, email: str, password: str = "a") -> tuple[int, str]:
        """The user's id and token."""
        answer = await self.call("POST", "/api/auth", {"name": name, "email": email, "password": password})
        assert answer.status == 200, answer.text
        return int(answer.json["user"]["id"]), str(answer.json["token"])

    async def order(self, token: str, *menu_ids: int, key: str | None = None, store: int = 1) -> Answer:
        items = [{"menuId": menu_id, "description": "whatever", "price": 0.00001} for menu_id in menu_ids or (1,)]
        headers = {"Idempotency-Key": key} if key else None
        body = {"franchiseId": 1, "storeId": store, "items": items}
        return await self.call("POST", "/api/order", body, token=token, headers=headers)


@asynccontextmanager
async def running_shop(database_url: str, **changes: object) -> AsyncIterator[Running]:
    """`changes` are settings that differ from the test's defaults."""
    loaded = settings.load({"JWT_PIZZA_DEMO": "true", "JWT_PIZZA_LOG_LEVEL": "error"})
    loaded = msgspec.structs.replace(loaded, **{"pool_size": 5, **changes})
    async with serving(shop_app.app(loaded, database_url)) as running:
        yield running


@asynccontextmanager
async def running_factory(
    database_url: str, *, clock: Clock | None = None, **changes: object
) -> AsyncIterator[Running]:
    loaded = settings.load({"JWT_PIZZA_LOG_LEVEL": "error"})
    loaded = msgspec.structs.replace(loaded, **{"pool_size": 3, **changes})
    async with serving(factory_app.app(loaded, database_url, clock)) as running:
        yield running


@asynccontextmanager
async def running_ops(database_url: str, *, clock: Clock | None = None, **changes: object) -> AsyncIterator[Running]:
    loaded = settings.load({"JWT_PIZZA_LOG_LEVEL": "error"})
    # Unless a test says which, there is no shop that this ops could act on.
    loaded = msgspec.structs.replace(loaded, **{"pool_size": 5, "url": "http://127.0.0.1:9", **changes})
    async with serving(ops_app.app(loaded, database_url, clock)) as running:
        yield running


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[Running]:
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=http.Protocol, ws="none", lifespan="on", log_config=None, access_log=False
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    await server.up.wait()
    assert server.started, "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with aiohttp.ClientSession() as client:
            yield Running(f"http://127.0.0.1:{port}", client)
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    def install_signal_handlers(self) -> None:
        """The test runner keeps its own."""

    async def startup(self, sockets: Any = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.up.set()


def claims(token: str) -> Any:
    """The payload of a JWT, unchecked."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
