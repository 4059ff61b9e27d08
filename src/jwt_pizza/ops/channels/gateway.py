"""Texts by Twilio's REST API, or by another provider that speaks it; mail; Apprise; webhooks."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec
from apprise import Apprise, NotifyFormat

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit.mail import Mail, Mailer
from jwt_pizza.ops.channels.model import Handed, Message, NotHanded

_SMS_SECONDS: Final = 5.0
_WEBHOOK_SECONDS: Final = 5.0
_APPRISE_SECONDS: Final = 8.0
_LONGEST_TEXT: Final = 1600
_VALID_SECONDS: Final = 280
"""A page that a carrier delivers after the next one is due only confuses; Twilio's own default is ten hours."""
_MOST: Final = 65_536
_THREADS: Final = 8

# It logs the addresses that it could not reach, and those hold secrets.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


class Account(msgspec.Struct, frozen=True):
    """`sender` is a number, or the SID of a messaging service (MG…)."""

    name: str
    base: str
    sid: str
    token: str
    sender: str


class _Answer(msgspec.Struct):
    """Of what Twilio answers, what is looked at: a message's, or an error's."""

    sid: str | None = None
    code: int | None = None
    message: str | None = None


class Http:
    """One client for all that goes out; opened and closed with the process."""

    def __init__(self) -> None:
        self._client: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._client = aiohttp.ClientSession(auto_decompress=False)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    @property
    def client(self) -> aiohttp.ClientSession:
        if self._client is None:
            raise NotHanded("this process is stopping")
        return self._client


class Twilio:
    def __init__(self, http: Http, account: Account, callback: str | None) -> None:
        """`callback` is the public address that is told what became of messages."""
        self.name = account.name
        self._http = http
        self._account = account
        self._callback = callback
        self._url = f"{account.base.rstrip('/')}/2010-04-01/Accounts/{quote(account.sid, safe='')}/Messages.json"
        self._headers = {"Authorization": aiohttp.encode_basic_auth(account.sid, account.token)}

    async def send(self, address: str, message: Message) -> Handed:
        form = {"To": address, "Body": message.text[:_LONGEST_TEXT], "ValidityPeriod": str(_VALID_SECONDS)}
        form["MessagingServiceSid" if self._account.sender.startswith("MG") else "From"] = self._account.sender
        if self._callback is not None and message.id is not None:
            form["StatusCallback"] = f"{self._callback}?message={message.id}"
        try:
            async with (
                asyncio.timeout(_SMS_SECONDS),
                self._http.client.post(self._url, data=form, headers=self._headers, allow_redirects=False) as answer,
            ):
                return self._taken(answer.status, await answer.content.read(_MOST))
        except aiohttp.ClientConnectorError as error:
            raise NotHanded(f"{self.name}: not reachable ({type(error).__name__})") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotHanded(f"{self.name}: no answer ({type(error).__name__})", perhaps=True) from None

    def _taken(self, status: int, body: bytes) -> Handed:
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except msgspec.MsgspecError:
            answer = _Answer()
        if 200 <= status < 300:
            confirms = self._callback is not None and answer.sid is not None
            return Handed(provider=self.name, provider_id=answer.sid, confirms=confirms)
        said = f" {answer.code}" if answer.code is not None else ""
        # 4xx is about this message, but for too many requests and for what a proxy in between says.
        final = 400 <= status < 500 and status not in {408, 425, 429}
        raise NotHanded(f"{self.name}: answered {status}{said}", final=final)


class Letters:
    """Mail."""

    name = "smtp"

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    async def send(self, address: str, message: Message) -> Handed:
        mail = Mail(to=address, subject=message.subject, text=message.text, html=message.html or None, id=message.id)
        try:
            await self._mailer.post(mail)
        except Unavailable as error:
            raise NotHanded(f"smtp: {type(error.__cause__ or error).__name__}", perhaps=True) from None
        return Handed(provider=self.name)


class Everything:
    """What Apprise knows: ntfy, Slack, Discord, Telegram and a hundred others. It blocks, so it has threads of its own:
    one that hangs keeps its thread, and nobody else's."""

    name = "apprise"

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="apprise")

    async def send(self, address: str, message: Message) -> Handed:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_APPRISE_SECONDS):
                done = await loop.run_in_executor(self._threads, _notify, address, message)
        except TimeoutError:
            raise NotHanded(f"apprise: no answer within {_APPRISE_SECONDS:g} s", perhaps=True) from None
        if done is None:
            raise NotHanded("apprise: the address is not understood", final=True)
        if not done:
            raise NotHanded("apprise: the service did not take it")
        return Handed(provider=self.name)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class Webhook:
    name = "webhook"

    def __init__(self, http: Http) -> None:
        self._http = http

    async def send(self, address: str, message: Message) -> Handed:
        headers = {"Content-Type": "application/json", "X-Message-Id": message.id or ""}
        try:
            async with (
                asyncio.timeout(_WEBHOOK_SECONDS),
                self._http.client.post(
                    address, data=message.text.encode(), headers=headers, allow_redirects=False
                ) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NotHanded(f"webhook: no answer ({type(error).__name__})", perhaps=True) from None
        if not 200 <= status < 300:
            raise NotHanded(f"webhook: answered {status}", final=400 <= status < 500 and status not in {408, 425, 429})
        return Handed(provider=self.name)


class Pinger:
    """Tells somebody outside that all is well."""

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url

    async def ping(self) -> None:
        """Raises NotHanded."""
        try:
            async with asyncio.timeout(_WEBHOOK_SECONDS), self._http.client.get(self._url) as answer:
                if answer.status >= 400:
                    raise NotHanded(f"answered {answer.status}")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NotHanded(type(error).__name__) from None


def _notify(address: str, message: Message) -> bool | None:
    service = Apprise()
    if not service.add(address):
        return None
    return bool(service.notify(body=message.text, title=message.subject, body_format=NotifyFormat.TEXT))
