"""Somebody else's server: the pull payments of BTCPay Server's Greenfield API, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from aiohttp import web

STORE, KEY = "6cTLbW1Xc9rNjbLvCiUKR5", "btcpay-key"
Trouble = Literal["500", "429", "404", "redirect", "slow", "dies"]


@dataclass
class FakeBtcPay:
    """`troubles` and `raw` are worked off, one a request of POST or GET. `dies`: it carries the request out
    and hangs up. `raw`: answers so instead, a POST being carried out all the same."""

    url: str = ""
    key: str = KEY
    made: list[dict[str, Any]] = field(default_factory=list)
    troubles: dict[str, list[Trouble]] = field(default_factory=lambda: {"GET": [], "POST": []})
    raw: dict[str, list[bytes]] = field(default_factory=lambda: {"GET": [], "POST": []})
    created: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    before_answer: Callable[[], Any] | None = None
    asked: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.method)
        if request.headers.get("Authorization") != f"token {self.key}" or request.match_info["store"] != STORE:
            return _problem(401, "unauthenticated", "Authentication is required for accessing this endpoint")
        troubles = self.troubles[request.method]
        trouble = troubles.pop(0) if troubles else None
        if trouble == "slow":
            await asyncio.sleep(30)
        if trouble == "redirect":
            return web.Response(status=302, headers={"Location": "https://elsewhere.example/"})
        if trouble in {"500", "429", "404"}:
            return _problem(int(trouble), "trouble", "no\x00t <now>")
        answer = await self._create(request) if request.method == "POST" else self._list(request)
        if trouble == "dies":
            assert request.transport is not None
            request.transport.close()
        if self.raw[request.method]:
            return web.Response(body=self.raw[request.method].pop(0), content_type="application/json")
        return answer

    def _list(self, request: web.Request) -> web.Response:
        archived = request.query.get("includeArchived") == "true"
        return web.json_response([each for each in reversed(self.made) if archived or not each["archived"]])

    async def _create(self, request: web.Request) -> web.Response:
        wish = await request.json()
        problems = _problems(wish)
        if problems:
            return web.json_response([{"path": path, "message": text} for path, text in problems.items()], status=422)
        number = f"pp{len(self.made)}"
        self.made.append(
            {
                "startsAt": 1744125900 + len(self.made),
                "expiresAt": None,
                "id": number,
                "name": wish["name"],
                "description": wish.get("description"),
                "currency": wish["currency"],
                "amount": wish["amount"],
                "BOLT11Expiration": "30",
                "autoApproveClaims": wish.get("autoApproveClaims", False),
                "archived": False,
                "viewLink": f"{self.url}/pull-payments/{number}",
            }
        )
        self.created.put_nowait(number)
        if self.before_answer is not None:
            await self.before_answer()
        return web.json_response(self.made[int(number[2:])])

    @property
    def names(self) -> list[str]:
        return sorted(each["name"] for each in self.made)


def _problems(wish: Mapping[str, Any]) -> Mapping[str, str]:
    """As BTCPay's controller has them."""
    problems = {}
    try:
        if not isinstance(wish.get("amount"), str) or Decimal(wish["amount"]) <= 0:
            problems["Amount"] = "The amount should more than 0."
    except InvalidOperation:
        problems["Amount"] = "The amount is invalid."
    if len(wish.get("name") or "") > 50:
        problems["Name"] = "The name should be maximum 50 characters."
    if wish.get("currency") != "BTC":
        problems["Currency"] = "Invalid currency"
    return problems


def _problem(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)


@asynccontextmanager
async def btcpay_server() -> AsyncIterator[FakeBtcPay]:
    fake = FakeBtcPay()
    app = web.Application()
    app.router.add_route("*", "/api/v1/stores/{store}/pull-payments", fake.take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()
