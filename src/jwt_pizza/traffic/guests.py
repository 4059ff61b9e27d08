"""Guests who look at the menu, log in (some with a wrong password), order, and now and then order far too much."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import aiohttp

from jwt_pizza.kernel.errors import Refusal, Unavailable
from jwt_pizza.kernel.wire import MOST_PIZZAS
from jwt_pizza.traffic.outcomes import Outcomes

PASSWORD: Final = "a guest's password"  # noqa: S105 - of guests that are made up for a load
GUESTS: Final = 8
# Beside each order, on the average.
BESIDE: Final = {"menu": 2.0, "history": 0.3, "login": 0.02, "bad login": 0.01, "oversized order": 0.02}
_DEADLINE: Final = 40
Step = Callable[[aiohttp.ClientSession, float], Coroutine[Any, Any, None]]


class Guests:
    def __init__(self, url: str, outcomes: Outcomes) -> None:
        self._url = url
        self._outcomes = outcomes
        self._emails: list[str] = []
        self._tokens: list[str] = []
        self._menu: list[int] = []
        self._place = (0, 0)

    async def arrive(self, client: aiohttp.ClientSession) -> None:
        """Registers, reads the menu, picks a store. Raises Refusal when there is nothing to order, or nobody there."""
        try:
            for _ in range(GUESTS):
                email = f"guest-{random.getrandbits(40):010x}@example.com"
                body = {"name": "a guest", "email": email, "password": PASSWORD}
                self._tokens.append((await self._json(client, "POST", "/api/auth", body))["token"])
                self._emails.append(email)
            self._menu = [item["id"] for item in await self._json(client, "GET", "/api/order/menu")]
            page = await self._json(client, "GET", "/api/franchise?limit=100")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"{self._url} does not answer ({type(error).__name__}): is the shop running?") from error
        places = [(franchise["id"], store["id"]) for franchise in page["franchises"] for store in franchise["stores"]]
        if not places or not self._menu:
            raise Refusal("the shop has no menu or no store: start it with demo data, or add them")
        self._place = random.choice(places)  # noqa: S311

    async def come(self, client: aiohttp.ClientSession, *, rate: float, seconds: float | None) -> None:
        """`rate` orders a second and the rest beside them, each call at its time whatever the answers take."""
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            number = 0
            while seconds is None or number < rate * seconds:
                due = started + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                for call in self._round():
                    group.create_task(call(client, due))
                number += 1

    def _round(self) -> list[Step]:
        calls: dict[str, Step] = {
            "menu": self._look,
            "history": self._look_back,
            "login": self._log_in,
            "bad login": self._mistype,
            "oversized order": self._order_too_much,
        }
        found: list[Step] = [self._order]
        for kind, share in BESIDE.items():
            found += [calls[kind]] * int(share + random.random())  # noqa: S311
        return found

    async def _order(self, client: aiohttp.ClientSession, due: float) -> None:
        await self._call(client, "orders", due, "POST", "/api/order", self._basket(random.randint(1, 3)))  # noqa: S311

    async def _order_too_much(self, client: aiohttp.ClientSession, due: float) -> None:
        basket = self._basket(MOST_PIZZAS + 1)
        await self._call(client, "oversized orders", due, "POST", "/api/order", basket, expected=400)

    async def _look(self, client: aiohttp.ClientSession, due: float) -> None:
        await self._call(client, "menu", due, "GET", "/api/order/menu")

    async def _look_back(self, client: aiohttp.ClientSession, due: float) -> None:
        await self._call(client, "history", due, "GET", "/api/order")

    async def _log_in(self, client: aiohttp.ClientSession, due: float) -> None:
        body = {"email": random.choice(self._emails), "password": PASSWORD}  # noqa: S311
        await self._call(client, "logins", due, "PUT", "/api/auth", body)

    async def _mistype(self, client: aiohttp.ClientSession, due: float) -> None:
        # Each time another address, or the login limits would answer.
        body = {"email": f"nobody-{random.getrandbits(40):x}@example.com", "password": "wrong"}
        await self._call(client, "bad logins", due, "PUT", "/api/auth", body, expected=404)

    def _basket(self, pizzas: int) -> dict[str, Any]:
        franchise_id, store_id = self._place
        items = [{"menuId": random.choice(self._menu), "description": "", "price": 0} for _ in range(pizzas)]  # noqa: S311
        return {"franchiseId": franchise_id, "storeId": store_id, "items": items}

    async def _call(
        self,
        client: aiohttp.ClientSession,
        kind: str,
        due: float,
        method: str,
        path: str,
        body: object = None,
        *,
        expected: int = 200,
    ) -> None:
        status, message = 0, ""
        try:
            headers = {"Authorization": f"Bearer {random.choice(self._tokens)}"}  # noqa: S311
            async with client.request(method, self._url + path, json=body, headers=headers) as answer:
                status, text = answer.status, await answer.text()
                if status != expected:
                    message = json.loads(text).get("message", "")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            message = type(error).__name__
        self._outcomes.note(kind, status, (time.perf_counter() - due) * 1000, message, expected=expected)

    async def _json(self, client: aiohttp.ClientSession, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        async with client.request(method, self._url + path, json=body) as answer:
            found = await answer.json()
            if answer.status != 200:
                raise Refusal(f"{method} {path}: {found.get('message', answer.status)}")
            return found


def client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_DEADLINE), connector=aiohttp.TCPConnector(limit=512)
    )
