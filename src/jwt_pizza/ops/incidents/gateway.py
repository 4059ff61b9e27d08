"""The shop and the factory over HTTP, with the token that they share with ops."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import urlencode

import aiohttp
import msgspec

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unavailable
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.incidents.model import Amends, Impact
from jwt_pizza.ops.incidents.remote import Actor, AmendsRequest, Attempt, Failure, Minute, Sought
from jwt_pizza.web.operators import HEADER, for_factory

Answer = TypeVar("Answer")

_SECONDS: Final = 10.0
_LONG: Final = 60.0
"""Seconds for reading a week of orders, or planning amends for ten thousand diners."""
_MOST: Final = 1 << 20
_LARGEST_LIST: Final = 64 << 20
_REFUSALS: Final[Mapping[int, type[Refusal]]] = {
    400: Invalid,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: TooMany,
}


class _Message(msgspec.Struct):
    message: str = ""


class _Reported(msgspec.Struct):
    status: int
    message: str


class _Stopped(msgspec.Struct):
    stopped: int


class _Recalled(Wire, frozen=True):
    leaked: int


class HttpShop:
    def __init__(self, url: str, factory_url: str, token: str | None) -> None:
        """Made before there is an event loop; closed with the process."""
        self._url = url.rstrip("/")
        self._factory = factory_url.rstrip("/")
        self._token = token
        self._factory_token = for_factory(token)
        self._client: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def impact(self, actor: Actor, since: datetime, until: datetime) -> Impact:
        return await self._ask(actor, "GET", f"impact?{_window(since, until)}", Impact, seconds=_LONG)

    async def hurt_orders(self, actor: Actor, since: datetime, until: datetime) -> bytes:
        url = f"{self._url}/api/ops/impact/orders.csv?{_window(since, until)}"
        return await self._call(actor, "GET", url, seconds=_LONG, most=_LARGEST_LIST)

    async def minutes(self, actor: Actor, since: datetime, until: datetime) -> Sequence[Minute]:
        path = f"impact/minutes?{_window(since, until)}"
        return await self._ask(actor, "GET", path, list[Minute], seconds=_LONG)

    async def plan(self, actor: Actor, key: str, request: AmendsRequest) -> Amends:
        body: dict[str, object] = msgspec.to_builtins(request)
        if request.remedies is None:
            del body["remedies"]
        return await self._ask(actor, "PUT", f"amends/{key}", Amends, body, seconds=_LONG)

    async def amends(self, actor: Actor, key: str) -> Amends:
        return await self._ask(actor, "GET", f"amends/{key}", Amends)

    async def approve(self, actor: Actor, key: str) -> Amends:
        return await self._ask(actor, "POST", f"amends/{key}/approval", Amends)

    async def start(self, actor: Actor, key: str) -> Amends:
        return await self._ask(actor, "POST", f"amends/{key}/execution", Amends)

    async def retry(self, actor: Actor, key: str) -> Amends:
        return await self._ask(actor, "POST", f"amends/{key}/retry", Amends)

    async def failures(self, actor: Actor, key: str) -> Sequence[Failure]:
        return await self._ask(actor, "GET", f"amends/{key}/failures", list[Failure])

    async def attempts(self, actor: Actor, sought: Sought) -> Sequence[Attempt]:
        wanted = {"limit": sought.take, "oven": sought.oven, "order": sought.order_id, "before": sought.before}
        wanted |= {"failed": "true"} if sought.outcome == "failed" else {"reason": sought.outcome}
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        return await self._ask(actor, "GET", f"attempts?{query}", list[Attempt])

    async def attempt(self, actor: Actor, attempt_id: int) -> Attempt:
        return await self._ask(actor, "GET", f"attempts/{attempt_id}", Attempt)

    async def follow_report(self, actor: Actor, attempt_id: int) -> tuple[int, str]:
        answer = await self._ask(actor, "POST", f"attempts/{attempt_id}/report", _Reported)
        return answer.status, answer.message

    async def force_oven(self, actor: Actor, seconds: float) -> None:
        await self._ask(actor, "PUT", "ovens/in-house", dict[str, object], {"seconds": seconds})

    async def release_oven(self, actor: Actor) -> None:
        await self._ask(actor, "DELETE", "ovens/in-house", dict[str, object])

    async def stop_leak(self, actor: Actor) -> None:
        await self._ask(actor, "DELETE", "chaos/leak", dict[str, object])

    async def stop_attacks(self, actor: Actor) -> int:
        text = await self._call(actor, "DELETE", f"{self._factory}/api/admin/chaos", to_factory=True)
        return _decoded(text, _Stopped, "the factory").stopped

    async def recall_connections(self, actor: Actor) -> int:
        return (await self._ask(actor, "POST", "connections/recall", _Recalled)).leaked

    async def _ask(
        self,
        actor: Actor,
        method: str,
        path: str,
        kind: type[Answer],
        body: object = None,
        *,
        seconds: float = _SECONDS,
    ) -> Answer:
        text = await self._call(actor, method, f"{self._url}/api/ops/{path}", body, seconds=seconds)
        return _decoded(text, kind, "the shop")

    async def _call(
        self,
        actor: Actor,
        method: str,
        url: str,
        body: object = None,
        *,
        seconds: float = _SECONDS,
        most: int = _MOST,
        to_factory: bool = False,
    ) -> bytes:
        place = "the factory" if to_factory else "the shop"
        role = "administrator" if actor.administrator else "engineer"
        headers = {HEADER: f"{role} {actor.name}", "Content-Type": "application/json"}
        if token := self._factory_token if to_factory else self._token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else msgspec.json.encode(body)
        if self._client is None:
            self._client = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._client.request(
                method, url, data=data, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                text = await _read(answer, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{place} does not answer ({type(error).__name__})", retry_after=5) from error
        if answer.status == 200:
            return text
        raise _refusal(answer.status, text, place)


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_chunked(65_536):
        size += len(chunk)
        if size > most:
            raise Unavailable(f"an answer of more than {most >> 20} MB was not read")
        chunks.append(chunk)
    return b"".join(chunks)


def _refusal(status: int, text: bytes, place: str) -> Refusal:
    try:
        message = msgspec.json.decode(text, type=_Message).message
    except msgspec.MsgspecError:
        message = ""
    if status == 401:
        return Unavailable(f"{place} does not believe ops: JWT_PIZZA_OPS_TOKEN must be the same there and here")
    kind = _REFUSALS.get(status)
    if kind is not None:
        return kind(message or f"{place} refused")
    return Unavailable(f"{place} answered {status}: {message}" if message else f"{place} answered {status}")


def _decoded(text: bytes, kind: type[Answer], place: str) -> Answer:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise Unavailable(f"{place} answered what ops does not understand: {error}") from error


def _window(since: datetime, until: datetime) -> str:
    return urlencode({"since": iso(since), "until": iso(until)})
