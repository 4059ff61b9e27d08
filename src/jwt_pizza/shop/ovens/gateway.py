"""The remote factory over HTTP: connections are kept, every call has a deadline, every pizza is verified."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import aiohttp
import msgspec
from yarl import URL

from jwt_pizza.kernel import wire
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, Unavailable
from jwt_pizza.kernel.vitals import ClientPool
from jwt_pizza.kit import tracing
from jwt_pizza.kit.batching import Shared
from jwt_pizza.kit.jwt import BadToken, EllipticKey, read_header
from jwt_pizza.kit.keepalive import Origin
from jwt_pizza.kit.postgres import trace_id
from jwt_pizza.shop.ovens.model import FACTORY, Attempt, Reason

_LONGEST_ANSWER: Final = 65_536
_LONGEST_ERROR: Final = 300
_CONNECTIONS: Final = 100
_KEYS_SECONDS: Final = 2.0
_FOLLOW_SECONDS: Final = 5.0
_decode_pizza = msgspec.json.Decoder(wire.Pizza).decode
_encode = msgspec.json.Encoder().encode


class FactoryAnswer(msgspec.Struct, rename="camel"):
    """Of what a factory may answer, good or bad, the parts that are looked at."""

    jwt: str | None = None
    message: str | None = None
    report_url: str | None = None


class Jwks(msgspec.Struct):
    """A factory's public keys."""

    keys: list[dict[str, Any]]


class HttpFactory:
    """Opened and closed with the process; made before there is an event loop."""

    def __init__(self, url: str, api_key: str, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._origin = URL(self._url).origin()
        self._root = URL(self._url).raw_path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._clock = clock
        self._client: aiohttp.ClientSession | None = None
        self._orders: Origin | None = None
        self._head = b""
        self._keys: dict[str, EllipticKey] = {}
        self._keys_asked_at = float("-inf")
        self._fresh_keys: Shared[None] = Shared(self._fetch_keys)

    async def open(self) -> None:
        self._client = aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=("Accept-Encoding",))
        order = URL(f"{self._url}/api/order")
        self._orders = Origin(order, connections=_CONNECTIONS, longest=_LONGEST_ANSWER)
        self._head = self._orders.head(order.raw_path, self._headers)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
        if self._orders is not None:
            self._orders.close()

    def connections(self) -> ClientPool:
        orders = self._orders
        if orders is None:
            return ClientPool(name=FACTORY, limit=_CONNECTIONS, used=0, idle=0, waiting=0)
        return ClientPool(name=FACTORY, limit=orders.limit, used=orders.used, idle=orders.idle, waiting=orders.waiting)

    async def bake(self, request: wire.BakeRequest, *, within: float) -> Attempt:
        with tracing.span("bake", {"order": request.order.id, "oven": FACTORY}, calls=True) as span:
            attempt = await self._try(request, within)
            if span is not None:
                span.set_attribute("reason", attempt.reason)
        return attempt

    async def _try(self, request: wire.BakeRequest, within: float) -> Attempt:
        started_at, started = self._clock.now(), self._clock.monotonic()
        try:
            return await self._call(request, within, started_at, started)
        except TimeoutError:
            return self._failed("timeout", f"no pizza within {within:.1f} s", started_at, started)
        except (aiohttp.ClientError, OSError, Unavailable) as error:
            return self._failed("unreachable", type(error).__name__, started_at, started)

    async def follow(self, url: str) -> tuple[int, str]:
        """GETs a report link, only ever at the configured factory. Raises Invalid or Unavailable."""
        link = self._own(url)
        timeout = aiohttp.ClientTimeout(total=_FOLLOW_SECONDS)
        try:
            async with self._session().get(link, timeout=timeout, allow_redirects=False) as answer:
                answered = _read(await answer.content.read(_LONGEST_ANSWER))
                return answer.status, answered.message or ""
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable("the factory does not answer") from error

    def _own(self, url: str) -> URL:
        """Whoever answers as the factory may have written the link: it leads nowhere but to the factory itself."""
        try:
            link = URL(url)
            own = link.origin() == self._origin and link.user is None and link.raw_path.startswith(f"{self._root}/")
        except ValueError:
            own = False
        if not own:
            raise Invalid("the report link does not lead to the configured factory")
        return link

    async def inspect(self, jwt: str) -> wire.Pizza | None:
        """The claims of a pizza of this factory that has not expired. Raises Unavailable."""
        try:
            pizza = await self._verified(jwt)
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable("the factory does not answer") from error
        return pizza if pizza and pizza.exp > self._clock.now().timestamp() else None

    async def published(self) -> Sequence[Mapping[str, Any]]:
        """The factory's public keys as last seen; asked for where none was."""
        if not self._keys:
            try:
                await self._fresh_keys.get()
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
                return ()
        return [key.public() for key in self._keys.values()]

    async def _call(self, request: wire.BakeRequest, within: float, started_at: datetime, started: float) -> Attempt:
        if self._orders is None:
            raise Unavailable("the client of the factory is not open")
        head = self._head
        if trace := trace_id.get():
            head += b"X-Request-Id: %b\r\n" % trace.encode()
        carried: dict[str, str] = {}
        tracing.pass_on(carried)
        for name, value in carried.items():
            head += f"{name}: {value}\r\n".encode()
        answer = await self._orders.post(head, _encode(request), within=within)
        status, answered = answer.status, _read(answer.body)
        if status != 200 or not answered.jwt:
            error = (answered.message or "no pizza in the answer")[:_LONGEST_ERROR]
            return self._failed("error", error, started_at, started, status=status, report_url=answered.report_url)
        claims = await self._verified(answered.jwt, within=started + within - self._clock.monotonic())
        return Attempt(
            oven=FACTORY,
            started_at=started_at,
            ms=(self._clock.monotonic() - started) * 1000,
            reason="good",
            jwt=answered.jwt,
            claims=claims,
            status=status,
            report_url=answered.report_url,
        )

    def _failed(self, reason: Reason, error: str, started_at: datetime, started: float, **more: Any) -> Attempt:  # noqa: ANN401
        ms = (self._clock.monotonic() - started) * 1000
        return Attempt(oven=FACTORY, started_at=started_at, ms=ms, reason=reason, error=error, **more)

    async def _verified(self, jwt: str, *, within: float = _KEYS_SECONDS) -> wire.Pizza | None:
        """The claims, or None when the signature is not the factory's."""
        try:
            kid = read_header(jwt).kid or ""
            if kid not in self._keys:
                async with asyncio.timeout(within):
                    await self._fresh_keys.get()
            key = self._keys.get(kid)
            return _decode_pizza(key.check(jwt)) if key else None
        except (BadToken, msgspec.MsgspecError):
            return None

    async def _fetch_keys(self) -> None:
        # Forged key ids must not turn into a stream of calls.
        now = self._clock.monotonic()
        if now - self._keys_asked_at < 1:
            return
        self._keys_asked_at = now
        timeout = aiohttp.ClientTimeout(total=_KEYS_SECONDS)
        async with self._session().get(f"{self._url}/.well-known/jwks.json", timeout=timeout) as answer:
            published = await answer.content.read(_LONGEST_ANSWER)
        try:
            self._keys = {key.kid: key for key in map(EllipticKey.load, msgspec.json.decode(published, type=Jwks).keys)}
        except (BadToken, msgspec.MsgspecError) as error:
            raise Unavailable("the factory publishes no keys that can be used") from error

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            raise Unavailable("the client of the factory is not open")
        return self._client


def _read(body: bytes) -> FactoryAnswer:
    try:
        return msgspec.json.decode(body, type=FactoryAnswer)
    except (msgspec.MsgspecError, RecursionError):
        return FactoryAnswer(message="an answer that is not JSON")
