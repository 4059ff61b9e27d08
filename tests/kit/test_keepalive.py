"""The client of one origin, against servers that answer word for word what they are told to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from yarl import URL

from jwt_pizza.kit.keepalive import NoAnswer, Origin

LONGEST = 100
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npizza"


Ask = Callable[[], Coroutine[Any, Any, tuple[int, bytes]]]


class Script:
    """Answers each request with the next of `answers`; one that ends in nothing closes the connection."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.connections = self.open = 0
        self.requests: list[bytes] = []
        self.closed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head + await reader.readexactly(4))
                answer = self.answers.pop(0)
                writer.write(answer.removesuffix(b"<close>"))
                if answer.endswith(b"<close>"):
                    return
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.closed.set()
            self.open -= 1
            writer.close()


@asynccontextmanager
async def origin(script: Script, connections: int = 5) -> AsyncIterator[Callable[..., Coroutine[Any, Any, Any]]]:
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/order")
    made = Origin(url, connections=connections, longest=LONGEST)
    head = made.head(url.raw_path, {"Authorization": "Bearer key"})

    async def ask(within: float = 20) -> tuple[int, bytes]:
        answer = await made.post(head, b"body", within=within)
        return answer.status, answer.body

    try:
        yield ask
    finally:
        assert made.used == made.waiting == 0
        made.close()
        server.close()
        while script.open:
            await asyncio.sleep(0)


async def test_a_connection_is_kept_for_the_next_call() -> None:
    script = Script(OK, OK, OK)
    async with origin(script) as ask:
        assert [await ask() for _ in range(3)] == [(200, b"pizza")] * 3
    assert script.connections == 1
    head = script.requests[0].decode()
    assert head.startswith("POST /api/order HTTP/1.1\r\nHost: 127.0.0.1:")
    assert head.endswith("Authorization: Bearer key\r\nContent-Length: 4\r\n\r\nbody")


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\npiz\r\n2\r\nza\r\n0\r\n\r\n", (200, b"pizza")),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", (503, b"{}")),
        (b"HTTP/1.1 200 OK\r\n\r\npizza<close>", (200, b"pizza")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, (200, b"pizza")),
        (b"HTTP/1.1 302 Found\r\nLocation: http://other/\r\nContent-Length: 0\r\n\r\n", (302, b"")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 200_000, (200, b"x" * LONGEST)),
    ],
)
async def test_every_form_of_an_answer_is_understood(answer: bytes, came: tuple[int, bytes]) -> None:
    async with origin(Script(answer, OK)) as ask:
        assert await ask() == came
        assert await ask() == (200, b"pizza")


@pytest.mark.parametrize(
    "answer",
    [
        b"<close>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npiz<close>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\npiz\r\n<close>",
        b"HTTP/1.1 200 OK\r\nContent-Le<close>",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    ],
)
async def test_what_is_no_whole_answer_is_an_error_and_breaks_the_connection(answer: bytes) -> None:
    script = Script(answer, OK)
    async with origin(script) as ask:
        with pytest.raises(NoAnswer):
            await ask()
        assert await ask() == (200, b"pizza")
    assert script.connections == 2


async def test_who_stops_waiting_leaves_no_answer_behind_for_the_next() -> None:
    script = Script(b"", OK)
    async with origin(script) as ask:
        impatient = asyncio.create_task(ask())
        while not script.requests:
            await asyncio.sleep(0)
        impatient.cancel()
        await script.closed.wait()
        assert await ask() == (200, b"pizza")
    assert script.connections == 2


async def test_an_answer_too_many_is_never_taken_for_the_next_one() -> None:
    script = Script(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", OK)
    async with origin(script) as ask:
        assert await ask() == (200, b"pizza")
        assert await ask() == (200, b"pizza")
    assert script.connections == 2


async def test_a_call_ends_in_time_and_breaks_its_connection() -> None:
    script = Script(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npiz", OK)
    async with origin(script) as ask:
        with pytest.raises(TimeoutError):
            await ask(within=0.2)
        await script.closed.wait()
        assert await ask() == (200, b"pizza")
    assert script.connections == 2


async def test_waiting_for_a_connection_ends_in_time() -> None:
    script = Script(b"", b"")
    async with origin(script, connections=1) as ask:
        ends = await asyncio.gather(ask(within=0.2), ask(within=0.2), return_exceptions=True)
        assert {type(end) for end in ends} == {TimeoutError}


async def test_more_calls_than_connections_wait() -> None:
    script = Script(*[OK] * 20)
    async with origin(script, connections=2) as ask:
        assert set(await asyncio.gather(*(ask() for _ in range(20)))) == {(200, b"pizza")}
    assert script.connections == 2


async def test_nobody_there() -> None:
    nobody = Origin(URL("http://127.0.0.1:1/"), connections=1, longest=LONGEST)
    for _ in range(2):
        with pytest.raises(OSError, match=r"."):
            await nobody.post(nobody.head("/", {}), b"", within=10)


def test_a_header_cannot_smuggle_in_another() -> None:
    with pytest.raises(ValueError, match="printable"):
        Origin(URL("http://127.0.0.1/"), connections=1, longest=LONGEST).head("/", {"Authorization": "a\r\nB: c"})
