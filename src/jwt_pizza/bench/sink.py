"""A mail server that takes everything and counts it: of SMTP (RFC 5321) just what a client hands mail over with."""

import asyncio
import queue
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_END: Final = b"\r\n.\r\n"
_ID: Final = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)


class Sink:
    """`taken`: for each recipient how often each Message-ID came."""

    def __init__(self) -> None:
        self.taken: dict[str, Counter[str]] = {}
        self.count = 0

    def take(self, recipients: list[str], mail: bytes) -> None:
        found = _ID.search(mail)
        message_id = found[1].decode() if found else ""
        for recipient in recipients:
            self.taken.setdefault(recipient, Counter())[message_id] += 1
        self.count += 1


class _Session(asyncio.Protocol):
    def __init__(self, sink: Sink, sessions: "set[_Session]") -> None:
        self._sink = sink
        self._sessions = sessions
        self._buffer = b""
        self._recipients: list[str] = []
        self._in_mail = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._sessions.add(self)
        self._say(b"220 sink")

    def connection_lost(self, _: Exception | None) -> None:
        self._sessions.discard(self)

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            end = _END if self._in_mail else b"\r\n"
            part, found, rest = self._buffer.partition(end)
            if not found:
                return
            self._buffer = rest
            if self._in_mail:
                self._in_mail = False
                self._sink.take(self._recipients, part)
                self._recipients = []
                self._say(b"250 taken")
            else:
                self._command(part)

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipients.append(line.partition(b"<")[2].partition(b">")[0].decode("ascii", "replace"))
        elif verb in {b"RSET", b"EHLO", b"HELO"}:
            self._recipients = []
        if verb == b"DATA":
            self._in_mail = True
            self._say(b"354 go ahead")
        elif verb == b"QUIT":
            self._say(b"221 bye")
            if self._transport is not None:
                self._transport.close()
        else:
            self._say(b"250 ok")

    def _say(self, line: bytes) -> None:
        if self._transport is not None:
            self._transport.write(line + b"\r\n")


@contextmanager
def sink() -> Iterator[tuple[str, Sink]]:
    """Its `SMTP_URL`, and what it took; in a thread of its own."""
    made = Sink()
    opened: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = queue.Queue()

    async def serve() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        sessions: set[_Session] = set()
        server = await loop.create_server(lambda: _Session(made, sessions), "127.0.0.1", 0)
        opened.put((loop, stop, server.sockets[0].getsockname()[1]))
        await stop.wait()
        server.close()
        for session in list(sessions):
            session.hang_up()
        # One turn of the loop, in which the sockets are closed.
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    loop, stop, port = opened.get()
    try:
        yield f"smtp://127.0.0.1:{port}", made
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
