"""Commands on the running system go to its HTTP API, logged in through its database or with a token that is set."""

from collections.abc import AsyncIterator, Awaitable, Callable
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
    """The server's own message."""


class Place(msgspec.Struct, frozen=True):
    """A deployable that commands talk to. `token` is a login that the user has set; otherwise `log_in` opens one."""

    name: str
    url: str
    url_setting: str
    token: str | None
    token_setting: str
    log_in: Callable[[], Awaitable[str]]


class _Message(msgspec.Struct):
    message: str = ""


class Operator:
    """`await operator.ask("GET", "/api/ops/connections", Overview)`."""

    def __init__(self, client: aiohttp.ClientSession, place: Place) -> None:
        self._client = client
        self._place = place
        self._token = place.token

    async def ask(self, method: str, path: str, kind: type[Answer], body: object = None) -> Answer:
        """The answer as `kind`; raises Refused with the server's message, or Unavailable when there is no server."""
        return msgspec.json.decode(await self.read(method, path, body), type=kind)

    async def read(self, method: str, path: str, body: object = None) -> bytes:
        """The answer as it came, of what is no JSON; raises as `ask`."""
        place = self._place
        status, text = await self._call(method, path, body)
        if status == 401 and place.token is None:
            # The first call, or a session that is over.
            self._token = await place.log_in()
            status, text = await self._call(method, path, body)
        if status == 401:
            raise Unauthorized(
                f"{place.url} does not know this login: set JWT_PIZZA_DATA_DIR or DATABASE_URL as the {place.name} "
                f"has it, or a valid {place.token_setting}"
            )
        if not 200 <= status < 300:
            raise Refused(_message(text) or f"{place.url}{path} answered {status}")
        return text

    async def log_out(self) -> None:
        """Ends the session, unless it was given to us."""
        if self._token is not None and self._place.token is None:
            with suppress(Unavailable):
                await self._call("DELETE", "/api/auth", None)

    async def _call(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else msgspec.json.encode(body)
        url = self._place.url.rstrip("/") + path
        try:
            async with self._client.request(method, url, data=data, headers=headers) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(
                f"no {self._place.name} answers at {self._place.url} ({type(error).__name__}): start it with "
                f"`jwt-pizza up`, or set {self._place.url_setting}"
            ) from error


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Operator]:
    """The shop."""
    place = Place(
        name="shop",
        url=settings.url,
        url_setting="JWT_PIZZA_URL",
        token=settings.token,
        token_setting="JWT_PIZZA_TOKEN",  # noqa: S106 - the name of a setting
        log_in=lambda: operator.log_in(settings, SystemClock()),
    )
    async with at(place) as made:
        yield made


@asynccontextmanager
async def at(place: Place) -> AsyncIterator[Operator]:
    timeout = aiohttp.ClientTimeout(total=_DEADLINE)
    async with aiohttp.ClientSession(timeout=timeout) as client:
        made = Operator(client, place)
        try:
            yield made
        finally:
            await made.log_out()


def _message(text: bytes) -> str:
    try:
        return msgspec.json.decode(text, type=_Message).message
    except msgspec.MsgspecError:
        return ""
