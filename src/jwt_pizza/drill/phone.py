"""The engineer's phone and the provider that texts it: it takes texts as Twilio's REST API does, over a socket, and
calls back when they have arrived."""

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import aiohttp
import msgspec
from aiohttp import web

from jwt_pizza.kernel.clock import Clock

FROM: Final = "+12025550143"
_LINK: Final = re.compile(r"https?://[^\s]+/a/[\w-]+")
_ARRIVAL: Final = 0.5
"""Seconds that a text is under way."""
_PATIENCE: Final = 5.0


class Text(msgspec.Struct, frozen=True):
    at: datetime
    to: str
    body: str

    @property
    def link(self) -> str | None:
        """That which acknowledges."""
        found = _LINK.search(self.body)
        return found[0] if found else None


class Phone:
    """`down`: the provider answers every text with an error."""

    def __init__(self, clock: Clock, rings: Callable[[], object]) -> None:
        """`rings` is called with each text, also with one that is refused."""
        self.sid = f"AC{secrets.token_hex(16)}"
        self.token = secrets.token_hex(16)
        self.url = ""
        self.down = False
        self.refused = 0
        self.texts: list[Text] = []
        self._clock = clock
        self._rings = rings
        self._receipts: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def switched_on(self) -> AsyncIterator["Phone"]:
        app = web.Application()
        app.router.add_post(f"/2010-04-01/Accounts/{self.sid}/Messages.json", self._take)
        runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}"
            yield self
        finally:
            for receipt in self._receipts:
                receipt.cancel()
            await asyncio.gather(*self._receipts, return_exceptions=True)
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != aiohttp.encode_basic_auth(self.sid, self.token):
            return web.json_response({"code": 20003, "message": "Authenticate", "status": 401}, status=401)
        form = {name: str(value) for name, value in (await request.post()).items()}
        if self.down:
            self.refused += 1
            self._rings()
            return web.json_response({"code": 20500, "message": "Internal Server Error", "status": 500}, status=500)
        sid = f"SM{len(self.texts):032x}"
        self.texts.append(Text(self._clock.now(), form.get("To", ""), form.get("Body", "")))
        self._rings()
        if callback := form.get("StatusCallback"):
            told = asyncio.create_task(self._confirm(callback, sid, form))
            self._receipts.add(told)
            told.add_done_callback(self._receipts.discard)
        return web.json_response({"sid": sid, "status": "queued", "error_code": None}, status=201)

    async def _confirm(self, url: str, sid: str, text: Mapping[str, str]) -> None:
        await asyncio.sleep(_ARRIVAL)
        form = {
            "MessageSid": sid,
            "MessageStatus": "delivered",
            "To": text.get("To", ""),
            "From": FROM,
            "AccountSid": self.sid,
        }
        signed = {"X-Twilio-Signature": _signature(self.token, url, form)}
        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.post(url, data=form, headers=signed) as answer,
            ):
                await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            # Without a receipt ops tries another way: what a provider's trouble looks like.
            return


def _signature(token: str, url: str, form: Mapping[str, str]) -> str:
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
