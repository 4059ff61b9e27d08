"""Express lanes: the few calls that carry nearly all of the load skip the framework's general machinery.

A lane is an exact method and path with one function from call to reply. The framework has a route for the same call,
made of the same function, which documents it in OpenAPI and serves its variants (a trailing slash, say).

A gate stands before a call of the framework, and refuses what would be refused anyway before anything of it is looked
at: in a storm that is most of the work. Who is refused waits for a second first, and gets in if there is room by then:
a client that asks again at once would be answered at its pace otherwise, and the orders would pay for it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

import msgspec
from litestar import MediaType, Response
from litestar.enums import ScopeType
from litestar.response import Stream
from litestar.types import ASGIApp, Receive, Scope, Send

from jwt_pizza.kernel.errors import Refusal, Unauthorized
from jwt_pizza.kit.http import connection_of
from jwt_pizza.kit.logs import Log
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.edge import DeadlinePassed
from jwt_pizza.web.errors import readable
from jwt_pizza.web.line import ClientGone, Line

Headers = list[tuple[bytes, bytes]]


class Call(msgspec.Struct):
    """What a lane gets to see. `headers` are as in ASGI: names in lower case."""

    headers: Headers
    query: bytes
    body: bytes
    scope: Scope
    receive: Receive

    def line(self) -> Line:
        return Line(self.scope, self.receive)

    def header(self, wanted: bytes) -> str | None:
        for name, value in self.headers:
            if name == wanted:
                return value.decode("latin-1")
        return None

    def bearer_token(self) -> str:
        """The token of `Authorization: Bearer …`; raises Unauthorized."""
        scheme, _, token = (self.header(b"authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized
        return token.strip()


class Reply(msgspec.Struct):
    """JSON, already encoded, unless `kind` says otherwise. Where there are `pieces` they are the body again, each sent
    when it comes."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    pieces: AsyncIterator[bytes] | None = None
    kind: bytes = b"application/json"


Lane = Callable[[Call], Awaitable[Reply]]
Gate = Callable[[], None]
"""Raises Refusal."""

_CLOSE: Final = (b"connection", b"close")
_MOST_KEPT: Final = 1000
"""Calls that wait before a gate; whoever comes then is refused at once and must connect anew."""


class TooLarge(Refusal):
    status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"the body must have at most {most} bytes")


class TooSlow(Refusal):
    status = 408

    def __init__(self) -> None:
        super().__init__("the body did not arrive in time")


class Express:
    def __init__(
        self,
        app: ASGIApp,
        lanes: Mapping[tuple[str, str], Lane],
        gates: Mapping[tuple[str, str], Gate],
        *,
        log: Log,
        most_bytes: int,
        deadline: float,
        keep: float = 1.0,
    ) -> None:
        """`deadline` is in seconds: for everything that takes no lane, and for reading the body of what does. What a
        lane waits for, it waits for at the database, where every wait has a deadline of its own. `keep`: for so many
        seconds a gate keeps whom it would refuse."""
        self._app = app
        self._lanes = lanes
        self._gates = gates
        self._log = log
        self._most_bytes = most_bytes
        self._deadline = deadline
        self._keep = keep
        self._kept = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        call_to = (scope["method"], scope["path"])
        lane = self._lanes.get(call_to)
        if lane is None:
            gate = self._gates.get(call_to)
            if gate is None or await self._let_in(gate, scope, send):
                await self._general(scope, receive, send)
            return
        scope["path_template"] = scope["path"]
        try:
            body = await self._body(receive)
            call = Call(scope["headers"], scope["query_string"], body, scope, receive)  # type: ignore[arg-type]
            reply = await lane(call)
        except Refusal as refusal:
            reply = self._refused(refusal)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            reply = _refusal(400, readable(str(error)))
        except RecursionError:
            reply = _refusal(400, "the JSON is nested too deeply")
        except UnicodeDecodeError:
            reply = _refusal(400, "the body must be UTF-8")
        except ClientGone:
            return
        try:
            await _send(send, reply)
        except ClientGone:
            return

    async def _let_in(self, gate: Gate, scope: Scope, send: Send) -> bool:
        try:
            gate()
        except Refusal as refusal:
            if self._kept >= _MOST_KEPT:
                return await self._turn_away(refusal, scope, send, (_CLOSE,))
        else:
            return True
        self._kept += 1
        try:
            await self._wait(scope)
        finally:
            self._kept -= 1
        try:
            gate()
        except Refusal as refusal:
            return await self._turn_away(refusal, scope, send, ())
        return True

    async def _wait(self, scope: Scope) -> None:
        connection = connection_of(scope)
        stopping = connection.stopping if connection else asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._keep):
                await stopping.wait()

    async def _turn_away(
        self, refusal: Refusal, scope: Scope, send: Send, headers: tuple[tuple[bytes, bytes], ...]
    ) -> bool:
        scope["path_template"] = scope["path"]
        reply = self._refused(refusal)
        reply.headers += headers
        await _send(send, reply)
        return False

    def _refused(self, refusal: Refusal) -> Reply:
        if refusal.status >= 500:
            self._log.failed(refusal)
        return _refusal(refusal.status, refusal.message, refusal.retry_after)

    async def _general(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                await self._app(scope, receive, send)
        except TimeoutError:
            self._log.error("deadline passed", route=scope.get("path_template", ""))
            raise DeadlinePassed from None

    async def _body(self, receive: Receive) -> bytes:
        body, more = await _part(receive)
        if more:
            try:
                async with asyncio.timeout(self._deadline):
                    while more and len(body) <= self._most_bytes:
                        part, more = await _part(receive)
                        body += part
            except TimeoutError:
                raise TooSlow from None
        if len(body) > self._most_bytes:
            raise TooLarge(self._most_bytes)
        return body


async def through(lane: Lane, request: AnyRequest) -> Response[bytes]:
    """The same function as a route of the framework."""
    body = await request.body()
    scope = request.scope
    call = Call(scope["headers"], scope["query_string"], body, scope, request.receive)  # type: ignore[arg-type]
    try:
        reply = await lane(call)
    except ClientGone:
        # Nobody reads it; the framework wants one all the same.
        return Response(b"", status_code=499)
    headers = {name.decode(): value.decode() for name, value in reply.headers}
    if reply.pieces is not None:
        headers["content-length"] = str(len(reply.body))
        return Stream(reply.pieces, status_code=reply.status, media_type=MediaType.JSON, headers=headers)  # type: ignore[return-value]
    # As a header, to which no second charset is added.
    headers["content-type"] = reply.kind.decode()
    return Response(reply.body, status_code=reply.status, headers=headers)


async def _part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGone
    return message["body"], message["more_body"]


def _refusal(status: int, message: str, retry_after: int | None = None) -> Reply:
    headers = () if retry_after is None else ((b"retry-after", str(retry_after).encode()),)
    return Reply(msgspec.json.encode({"message": message}), status, headers)


async def _send(send: Send, reply: Reply) -> None:
    headers = [(b"content-type", reply.kind), (b"content-length", str(len(reply.body)).encode()), *reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.pieces is None:
        await send({"type": "http.response.body", "body": reply.body, "more_body": False})
        return
    async for piece in reply.pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
