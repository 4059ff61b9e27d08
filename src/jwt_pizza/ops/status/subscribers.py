"""Updates by mail, for whoever asks and confirms; one click ends it. Nobody learns who has asked.

Whatever address is typed the answer is the same, and what it does to the database, too: a letter is queued for it.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, NotFound, TooMany
from jwt_pizza.ops.people.model import Throttle

Purpose = Literal["confirm", "end"]
Kind = Literal["confirm", "known", "update"]

PATIENCE: Final = timedelta(days=2)
"""In which a subscription must be confirmed."""
_PER_CLIENT: Final = 20
_PER_ADDRESS: Final = 3
_CLIENT_WINDOW: Final = timedelta(hours=1)
_ADDRESS_WINDOW: Final = timedelta(days=1)
_LONGEST: Final = 200


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that is due. What an update says is empty in the others."""

    message_id: str
    kind: Kind
    subscriber_id: int
    address: str
    attempts: int
    incident_id: int = 0
    title: str = ""
    status: str = ""
    text: str = ""
    at: datetime | None = None


class SubscriberBook(Protocol):
    """The port to subscribers and their letters."""

    async def secret(self) -> bytes: ...
    async def ask(self, address: str, key: str, message_id: str, at: datetime) -> None:
        """A letter to the address, with a link to confirm, or word that it has confirmed already."""
        ...

    async def confirm(self, subscriber_id: int, at: datetime) -> bool: ...
    async def unsubscribe(self, subscriber_id: int) -> bool: ...
    async def forget(self, unconfirmed_before: datetime, letters_before: datetime) -> None: ...
    async def claim(self, at: datetime, until: datetime, *, take: int) -> Sequence[Letter]: ...
    async def sent(self, message_ids: Sequence[str], at: datetime) -> None: ...
    async def postpone(self, message_id: str, until: datetime | None, error: str) -> None:
        """None: never again."""
        ...


class Seals:
    """Links that only their subscriber has: a number and what proves it. A new subscription has a new number."""

    def __init__(self, book: SubscriberBook) -> None:
        self._book = book
        self._secret: bytes | None = None

    async def token(self, purpose: Purpose, subscriber_id: int) -> str:
        if self._secret is None:
            self._secret = await self._book.secret()
        payload = f"{purpose}:{subscriber_id}".encode()
        mac = hmac.new(self._secret, b"status\0" + payload, hashlib.sha256).digest()[:18]
        return f"{subscriber_id}.{base64.urlsafe_b64encode(mac).decode()}"

    async def read(self, purpose: Purpose, token: str) -> int:
        """Raises Invalid."""
        number = token[:_LONGEST].partition(".")[0]
        if not (number.isascii() and number.isdecimal() and len(number) < 16):
            raise Invalid("this link is not complete, open it from the message again")
        genuine = await self.token(purpose, int(number))
        if not hmac.compare_digest(genuine.encode(), token.encode("utf-8", "replace")):
            raise Invalid("this link is not complete, open it from the message again")
        return int(number)


class SubscriberDesk:
    def __init__(
        self, book: SubscriberBook, seals: Seals, throttle: Throttle, clock: Clock, *, queued: Callable[[], object]
    ) -> None:
        """`queued` is called after a commit with a letter."""
        self._book = book
        self._seals = seals
        self._throttle = throttle
        self._clock = clock
        self._queued = queued

    async def ask(self, typed: str, client: str) -> None:
        """Raises Invalid for what is no address, TooMany for a client that asks too often. An address that is asked for
        too often gets no further letter, and nobody is told."""
        address = text.email(typed)
        key = text.email_key(address)
        now = self._clock.now()
        [(asked, ends_at)] = await self._throttle.charge([f"subscribe client:{client}"], now, now + _CLIENT_WINDOW)
        if asked > _PER_CLIENT:
            wait = max(1, round((ends_at - now).total_seconds()))
            raise TooMany("too many subscriptions from here, please try again later", retry_after=wait)
        [(letters, _)] = await self._throttle.charge([f"subscribe address:{key}"], now, now + _ADDRESS_WINDOW)
        if letters <= _PER_ADDRESS:
            await self._book.ask(address, key, f"status-answer-{secrets.token_hex(12)}", now)
            self._queued()

    async def confirm(self, token: str) -> None:
        """Raises Invalid, NotFound."""
        if not await self._book.confirm(await self._seals.read("confirm", token), self._clock.now()):
            raise NotFound("this link is too old: subscribe again")

    async def check(self, purpose: Purpose, token: str) -> None:
        """Raises Invalid."""
        await self._seals.read(purpose, token)

    async def unsubscribe(self, token: str) -> None:
        """Also when they are gone already. Raises Invalid."""
        await self._book.unsubscribe(await self._seals.read("end", token))

    async def forget(self) -> None:
        """Who never confirmed, and letters of long ago."""
        now = self._clock.now()
        await self._book.forget(now - PATIENCE, now - timedelta(days=30))
