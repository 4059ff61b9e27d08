"""A mail server that keeps what it took, on a socket of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.recipients: list[list[str]] = []
        self._more = asyncio.Condition()

    @property
    def mails(self) -> list[EmailMessage]:
        return [_parsed(raw) for raw in self.taken]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name and signature
        assert isinstance(envelope.content, bytes)
        async with self._more:
            self.taken.append(envelope.content)
            self.recipients.append(envelope.rcpt_tos)
            self._more.notify_all()
        return "250 OK"

    async def wait_for(self, count: int, seconds: float = 30.0) -> None:
        """Until so many mails of different Message-IDs are there; the deadline is generous."""
        async with asyncio.timeout(seconds), self._more:
            await self._more.wait_for(lambda: len(self.ids()) >= count)

    def ids(self) -> set[str]:
        return {str(mail["Message-ID"]) for mail in self.mails}


def _parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[str, Mailbox]]:
    """Its `SMTP_URL`, and what it took."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, loop=loop, hostname="localhost"), "127.0.0.1", 0)
    async with server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", mailbox
