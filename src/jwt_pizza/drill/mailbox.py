"""Everybody's mailbox: a mail server on a socket of its own, that takes every mail and keeps who got which."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from email import message_from_bytes, policy
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock

_LONGEST: Final = 1_000_000


class Letter(msgspec.Struct, frozen=True):
    at: datetime
    to: tuple[str, ...]
    message_id: str
    subject: str
    text: str


class Mailbox:
    def __init__(self, clock: Clock, comes: Callable[[], object]) -> None:
        """`comes` is called with each mail."""
        self.url = ""
        self.letters: list[Letter] = []
        self._clock = clock
        self._comes = comes

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Mailbox"]:
        talks: set[asyncio.StreamWriter] = set()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talks.add(writer)
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._talk(reader, writer)
            talks.discard(writer)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=_LONGEST)
        self.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for writer in list(talks):
                writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 5321, as much of it as our own client speaks."""
        to: list[str] = []
        writer.write(b"220 drill ESMTP\r\n")
        while line := await reader.readline():
            verb, _, rest = line.decode(errors="replace").strip().partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    writer.write(b"250 drill\r\n")
                case "MAIL" | "RSET":
                    to = []
                    writer.write(b"250 OK\r\n")
                case "RCPT":
                    to.append(rest.partition("<")[2].partition(">")[0])
                    writer.write(b"250 OK\r\n")
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    self._keep(tuple(to), await reader.readuntil(b"\r\n.\r\n"))
                    writer.write(b"250 taken\r\n")
                case "NOOP":
                    writer.write(b"250 OK\r\n")
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    writer.write(b"502 not understood\r\n")
            await writer.drain()

    def _keep(self, to: tuple[str, ...], raw: bytes) -> None:
        mail = message_from_bytes(raw.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."), policy=policy.default)
        body = mail.get_body(("plain",))
        text = str(body.get_content()) if body is not None else ""
        letter = Letter(self._clock.now(), to, str(mail["Message-ID"]), str(mail["Subject"]), text)
        self.letters.append(letter)
        self._comes()
