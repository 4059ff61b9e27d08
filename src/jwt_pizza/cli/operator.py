"""Commands on the running system go to the shop's HTTP API, logged in as its operator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

import aiohttp
import msgspec

from jwt_pizza.apps import operator
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kernel.errors import Refusal, Unauthorized, Unavailable
from jwt_pizza.kit.settings import Settings

Answer = TypeVar("Answer")

_DEADLINE: Final = 10.0


class Refused(Refusal):
    """The shop's own message."""


class _Message(msgspec.Struct):
    message: str = ""


class Operator:
    """`await operator.ask("GET", "/api/ops/connections", Overview)`."""

    def __init__(self, client: aiohttp.ClientSession, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._token = settings.token

    async def ask(self, method: str, path: str, kind: type[Answer], body: object = None) -> Answer:
        """The answer as `kind`; raises Refused with the shop's message, or Unavailable when there is no shop."""
        status, text = await self._call(method, path, body)
        if status == 401 and self._settings.token is None:
            # The first call, or a session that is over.
            self._token = await operator.log_in(self._settings, SystemClock())
            status, text = await self._call(method, path, body)
        if status == 401:
            raise Unauthorized(
                f"{self._settings.url} does not know this login: set JWT_PIZZA_DATA_DIR or DATABASE_URL as the shop "
                "has it, or a valid JWT_PIZZA_TOKEN"
            )
        if not 200 <= status < 300:
            raise Refused(_message(text) or f"{self._settings.url}{path} answered {status}")
        return msgspec.json.decode(text, type=kind)

    async def log_out(self) -> None:
        """Ends the session, unless it was given to us."""
        if self._token is not None and self._settings.token is None:
            with suppress(Unavailable):
                await self._call("DELETE", "/api/auth", None)

    async def _call(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else msgspec.json.encode(body)
        try:
            async with self._client.request(method, self._settings.url + path, data=data, headers=headers) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(
                f"no shop answers at {self._settings.url} ({type(error).__name__}): start it with `jwt-pizza up`, or "
                "set JWT_PIZZA_URL"
            ) from error


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Operator]:
    timeout = aiohttp.ClientTimeout(total=_DEADLINE)
    async with aiohttp.ClientSession(timeout=timeout) as client:
        made = Operator(client, settings)
        try:
            yield made
        finally:
            await made.log_out()


def _message(text: bytes) -> str:
    try:
        return msgspec.json.decode(text, type=_Message).message
    except msgspec.MsgspecError:
        return ""
