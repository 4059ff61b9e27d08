"""Somebody else's server: takes texts as Twilio's REST API does, over a real socket, and can call back, signed."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
from aiohttp import web

SID, TOKEN, FROM = "AC00000000000000000000000000000001", "twilio-token", "+15005550006"
Trouble = Literal["500", "429", "400", "timeout", "hang"]


@dataclass
class Text:
    to: str
    body: str
    form: Mapping[str, str]
    sid: str


@dataclass
class FakeTwilio:
    """`troubles` are worked off, one a request. `timeout`: it takes the text, and does not answer."""

    url: str = ""
    sid: str = SID
    token: str = TOKEN
    texts: list[Text] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    always: Trouble | None = None
    on_text: "asyncio.Event" = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if given != aiohttp.encode_basic_auth(self.sid, self.token):
            return web.json_response({"code": 20003, "message": "Authenticate", "status": 401}, status=401)
        form = {name: str(value) for name, value in (await request.post()).items()}
        trouble = self.always or (self.troubles.pop(0) if self.troubles else None)
        if trouble == "hang":
            await asyncio.sleep(30)
        if trouble in {"500", "429", "400"}:
            self.refused.append(form["To"])
            codes = {"500": 20500, "429": 20429, "400": 21211}
            return web.json_response(
                {"code": codes[trouble], "message": "no", "status": int(trouble)}, status=int(trouble)
            )
        text = Text(form["To"], form["Body"], form, f"SM{len(self.texts):032x}")
        self.texts.append(text)
        self.on_text.set()
        if trouble == "timeout":
            await asyncio.sleep(30)
        return web.json_response({"sid": text.sid, "status": "queued", "error_code": None}, status=201)

    async def call_back(self, text: Text, status: str, error_code: str = "") -> int:
        form = {"MessageSid": text.sid, "MessageStatus": status, "To": text.to, "From": FROM, "AccountSid": self.sid}
        if error_code:
            form["ErrorCode"] = error_code
        answered, _ = await self.post(text.form["StatusCallback"], form)
        return answered

    async def reply(self, url: str, sender: str, body: str, sid: str) -> tuple[int, str]:
        form = {"MessageSid": sid, "From": sender, "To": FROM, "Body": body, "AccountSid": self.sid}
        return await self.post(url, form)

    async def post(self, url: str, form: Mapping[str, str], signature: str | None = None) -> tuple[int, str]:
        signed = signature if signature is not None else sign(self.token, url, form)
        async with (
            aiohttp.ClientSession() as client,
            client.post(url, data=form, headers={"X-Twilio-Signature": signed}) as answer,
        ):
            return answer.status, await answer.text()


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


@asynccontextmanager
async def twilio(sid: str = SID, token: str = TOKEN) -> AsyncIterator[FakeTwilio]:
    fake = FakeTwilio(sid=sid, token=token)
    app = web.Application()
    app.router.add_post(f"/2010-04-01/Accounts/{sid}/Messages.json", fake.take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fake.url = f"http://{host}:{port}"
    try:
        yield fake
    finally:
        await runner.cleanup()
