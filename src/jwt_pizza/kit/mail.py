"""Mail by SMTP; where no server is set, into files that a developer reads."""

import asyncio
import os
import secrets
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from jwt_pizza.kernel.errors import Unavailable

_KEPT: Final = 100
"""Mails in the outbox; older ones are deleted."""
_LINES: Final = 8
"""Connections to the mail server at a time. They are kept."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """`html` says the same as `text`. `id` becomes the Message-ID: a mail that is sent again has the same one.
    `headers`: further ones, of ours."""

    to: str
    subject: str
    text: str
    html: str | None = None
    id: str | None = None
    headers: Mapping[str, str] = {}


class Posted(msgspec.Struct, frozen=True):
    """A mail that is in the outbox; `text` is what it says without HTML."""

    to: str
    subject: str
    text: str
    at: datetime


class Mailer(Protocol):
    async def post(self, mail: Mail) -> None:
        """Raises Unavailable when it was not taken in time."""
        ...


class Smtp:
    def __init__(self, url: str, *, sender: str, deadline: float) -> None:
        """`smtp://[user:pass@]host[:port]`: STARTTLS where the server offers it; `smtps://` for TLS from the start.
        `deadline` of one mail in seconds. Connections are kept and used again: opening one costs more than a mail."""
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._deadline = deadline
        self._idle: list[aiosmtplib.SMTP] = []
        self._lines = asyncio.Semaphore(_LINES)

    async def send(self, to: str, subject: str, text: str) -> None:
        """Raises Unavailable when the server did not take it in time."""
        await self.post(Mail(to=to, subject=subject, text=text))

    async def post(self, mail: Mail) -> None:
        """Raises Unavailable when the server did not take it in time."""
        message = compose(self._sender, mail)
        try:
            # Who is on a line has a deadline, so those who wait for it have one too.
            async with self._lines, asyncio.timeout(self._deadline):
                await self._deliver(message)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, MessageError) as error:
            raise Unavailable("the mail could not be sent, please try again") from error

    async def _deliver(self, message: EmailMessage) -> None:
        while self._idle:
            client = self._idle.pop()
            try:
                await client.noop()
            except aiosmtplib.SMTPException:
                # The server has closed it meanwhile.
                client.close()
            else:
                await self._over(client, message)
                return
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._tls,
            timeout=self._deadline,
            # Otherwise it asks the name server who this machine is, for every connection.
            local_hostname=domain_of(self._sender),
        )
        await client.connect()
        await self._over(client, message)

    async def _over(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        try:
            await client.send_message(message)
        except aiosmtplib.SMTPResponseException:
            # It said no to this mail; the next one may go.
            self._keep(client)
            raise
        except BaseException:
            client.close()
            raise
        self._keep(client)

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        if client.is_connected:
            self._idle.append(client)


class Outbox:
    """One file a mail, readable by this user alone."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, to: str, subject: str, text: str) -> None:
        await self.post(Mail(to=to, subject=subject, text=text))

    async def post(self, mail: Mail) -> None:
        message = compose(self._sender, mail)
        try:
            await asyncio.to_thread(self._write, message.as_bytes())
        except OSError as error:
            raise Unavailable("the mail could not be written to the outbox") from error

    async def last(self) -> Sequence[Posted]:
        """All that are kept, the newest first, whichever process wrote them."""
        return await asyncio.to_thread(self._last)

    def _last(self) -> list[Posted]:
        found = []
        for path in sorted(self._folder.glob("*.eml"), reverse=True):
            # It may be deleted or still be written at this moment.
            with suppress(OSError, MessageError, LookupError, ValueError):
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                body = mail.get_body(("plain",))
                text = body.get_content() if body is not None else ""
                found.append(Posted(str(mail["To"] or ""), str(mail["Subject"] or ""), str(text), at))
        return found

    def _write(self, message: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mails = sorted(self._folder.glob("*.eml"))
        number = int(mails[-1].name.partition("-")[0]) + 1 if mails else 1
        path = self._folder / f"{number:08d}-{secrets.token_hex(4)}.eml"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(message)
        for old in mails[: -_KEPT + 1]:
            with suppress(FileNotFoundError):
                old.unlink()


def compose(sender: str, mail: Mail) -> EmailMessage:
    domain = domain_of(sender)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{mail.id}@{domain}>" if mail.id else make_msgid(domain=domain)
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


def domain_of(sender: str) -> str:
    return sender.rpartition("@")[2].strip("<> ") or "localhost"
