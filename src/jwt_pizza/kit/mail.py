"""Mail by SMTP; where no server is set, into files that a developer reads."""

import asyncio
import os
import secrets
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from jwt_pizza.kernel.errors import Unavailable

_KEPT: Final = 100
"""Mails in the outbox; older ones are deleted."""


class Smtp:
    def __init__(self, url: str, *, sender: str, deadline: float) -> None:
        """`smtp://[user:pass@]host[:port]`: STARTTLS where the server offers it; `smtps://` for TLS from the start.
        `deadline` of one mail in seconds."""
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._deadline = deadline

    async def send(
        self, to: str, subject: str, text: str, *, html: str | None = None, message_id: str | None = None
    ) -> None:
        """Raises Unavailable when the server did not take it in time. A retry repeats its `message_id`."""
        try:
            async with asyncio.timeout(self._deadline):
                await aiosmtplib.send(
                    compose(self._sender, to, subject, text, html=html, message_id=message_id),
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._tls,
                    timeout=self._deadline,
                )
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, MessageError) as error:
            raise Unavailable("the mail could not be sent, please try again") from error


class Outbox:
    """One file a mail, readable by this user alone."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(
        self, to: str, subject: str, text: str, *, html: str | None = None, message_id: str | None = None
    ) -> None:
        message = compose(self._sender, to, subject, text, html=html, message_id=message_id)
        try:
            await asyncio.to_thread(self._write, message.as_bytes())
        except OSError as error:
            raise Unavailable("the mail could not be written to the outbox") from error

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


def compose(
    sender: str, to: str, subject: str, text: str, *, html: str | None = None, message_id: str | None = None
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = message_id or make_msgid(domain=domain_of(sender))
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def domain_of(sender: str) -> str:
    """Of the sender's address, for Message-IDs."""
    return sender.rpartition("@")[2].strip("<> ") or "localhost"
