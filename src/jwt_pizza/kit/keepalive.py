"""HTTP/1.1 to one origin over kept connections, for the one call that every order makes.

Only what that call needs: a POST whose body is in memory and an answer of bounded length; no redirects, cookies,
compression or retries. It costs a third of aiohttp's session, which serves everything else. httptools (llhttp) parses.
"""

import asyncio
import re
import ssl
from typing import Final

from httptools import HttpParserError, HttpResponseParser
from yarl import URL

_KEPT_SECONDS: Final = 4.0
"""Less than the five after which Node, which the original factory runs on, closes an idle connection."""
_CONTINUE: Final = 200
"""Statuses below are not the answer yet."""
_HEAD_BYTES: Final = 32_768
_MEASURED: Final = re.compile(rb"\r\n(content-length|transfer-encoding):", re.IGNORECASE)


class NoAnswer(ConnectionError):
    """The connection ended before the answer did, or what came was not HTTP."""


class Answered:
    """An answer; `body` is cut off at the longest that is read."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body


class Origin:
    """Who stops waiting breaks the connection off."""

    def __init__(self, url: URL, *, connections: int, longest: int) -> None:
        """`connections` open at most, others wait for one; `longest` body of an answer in bytes."""
        if url.host is None or url.port is None:
            raise ValueError(f"{url} names no host")
        self.limit = connections
        self.used = 0
        self._host, self._port = url.host, url.port
        self._authority = url.authority.encode("ascii")
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._longest = longest
        self._idle: list[_Connection] = []
        self._places = asyncio.Semaphore(connections)
        self._waiting = 0

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def waiting(self) -> int:
        return self._waiting

    def head(self, path: str, headers: dict[str, str]) -> bytes:
        """The unchanging part of a request, for `post`. Raises ValueError for what would not stay in its line."""
        lines = [f"POST {path} HTTP/1.1", f"Host: {self._authority.decode()}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if not all(line.isascii() and line.isprintable() for line in lines):
            raise ValueError("a header must consist of printable ASCII characters")
        return "\r\n".join([*lines, ""]).encode("ascii")

    async def post(self, head: bytes, body: bytes, *, within: float) -> Answered:
        """Raises TimeoutError after `within` seconds, and OSError, NoAnswer among them."""
        until = self._now() + within
        if self._places.locked() or (connection := self._kept()) is None:
            # Only here there is more than one thing to wait for.
            async with asyncio.timeout_at(until):
                await self._take_place()
                try:
                    connection = self._kept() or await self._connect()
                except BaseException:
                    self._places.release()
                    raise
        else:
            await self._places.acquire()
        self.used += 1
        try:
            answer = await connection.ask(b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body), until)
        except BaseException:
            connection.close()
            raise
        finally:
            self.used -= 1
            self._places.release()
        if connection.reusable:
            connection.idle_since = self._now()
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def forget(self, connection: "_Connection") -> None:
        """The other side has closed it, or has said what nobody asked."""
        if connection in self._idle:
            self._idle.remove(connection)

    async def _take_place(self) -> None:
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1

    def _kept(self) -> "_Connection | None":
        oldest = self._now() - _KEPT_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since > oldest:
                return connection
            connection.close()
        return None

    async def _connect(self) -> "_Connection":
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(self, self._longest), self._host, self._port, ssl=self._tls
        )
        return connection

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class _Connection(asyncio.Protocol):
    """One question at a time."""

    def __init__(self, origin: Origin, longest: int) -> None:
        self.idle_since = 0.0
        self.reusable = False
        self._origin = origin
        self._longest = longest
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._answer: asyncio.Future[Answered] | None = None
        self._begin()

    def _begin(self) -> None:
        self._head = self._body = b""
        self._received = 0
        self._headed = False

    async def ask(self, request: bytes, until: float) -> Answered:
        if self._transport is None or self._transport.is_closing():
            raise NoAnswer("the connection is closed")
        self.reusable = False
        self._begin()
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        # A timer of its own costs a quarter of asyncio.timeout.
        timer = loop.call_at(until, self._fail, TimeoutError())
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            timer.cancel()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._answer is None or self._answer.done():
            # Nobody asked: it would be taken for the answer to the next question.
            self._origin.forget(self)
            self.close()
            return
        if not self._headed:
            self._head += data
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._fail(NoAnswer("what came is not HTTP"))
            return
        if self._received > self._longest + _HEAD_BYTES and not self._answer.done():
            # All that is wanted of it has come, or it is all head.
            if self._headed:
                self._done(reusable=False)
            else:
                self._fail(NoAnswer("the head of the answer is too long"))

    def eof_received(self) -> None:
        """The transport then closes."""

    def connection_lost(self, _: Exception | None) -> None:
        self._origin.forget(self)
        if self._headed and not _MEASURED.search(self._head.partition(b"\r\n\r\n")[0]):
            # Its length was left to the end of the connection.
            self._done(reusable=False)
        self._fail(NoAnswer("the connection was closed"))

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._answer is not None and self._answer.done():
            # An answer too many, in one piece with the one that was asked for.
            self.reusable = False

    def on_headers_complete(self) -> None:
        self._headed = self._parser.get_status_code() >= _CONTINUE

    def on_body(self, body: bytes) -> None:
        if len(self._body) < self._longest:
            self._body += body

    def on_message_complete(self) -> None:
        if self._headed:
            self._done(reusable=self._parser.should_keep_alive())
        else:
            # Of what has come so far that was all; the answer's own head may be in the same piece.
            self._head = self._head.partition(b"\r\n\r\n")[2]

    def _done(self, *, reusable: bool) -> None:
        if self._answer is not None and not self._answer.done():
            self.reusable = reusable
            self._answer.set_result(Answered(self._parser.get_status_code(), self._body[: self._longest]))

    def _fail(self, why: OSError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(why)
