"""Signed links: whoever has one may act on what it names, as the person whom it was sent to, until it expires.

A token is 27 characters or a few more, since it must fit into a text: a letter for what it names, numbers as varints,
the expiry, and 12 bytes of HMAC-SHA256.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel.errors import Refusal

HOURS: Final = 12.0
_MAC: Final = 12
_LONGEST: Final = 64

Names = Literal["group", "message", "outage", "test"]
_LETTERS: Final[dict[Names, int]] = {"group": 71, "message": 77, "outage": 79, "test": 84}
_NAMES: Final = {letter: name for name, letter in _LETTERS.items()}


class BadLink(Refusal):
    """Not one of ours, changed, or too old."""

    status = 410


class Link(msgspec.Struct, frozen=True):
    """`subject`: a group, a message that told of several, or when an outage began, in seconds since the epoch."""

    names: Names
    person_id: int
    subject: int
    expires_at: datetime


class Sealer(Protocol):
    def ready(self) -> bool:
        """Whether the secret is known."""
        ...

    def link(self, names: Names, person_id: int, subject: int, now: datetime) -> str: ...


class Seal:
    """`secret` is asked for each time: it comes from the database, or from memory when there is none."""

    def __init__(self, secret: Callable[[], bytes], address: str) -> None:
        self._secret = secret
        self._address = address.rstrip("/")

    def ready(self) -> bool:
        try:
            return bool(self._secret())
        except LookupError:
            return False

    def link(self, names: Names, person_id: int, subject: int, now: datetime) -> str:
        """The whole address."""
        return f"{self._address}/a/{self.token(Link(names, person_id, subject, now + timedelta(hours=HOURS)))}"

    def token(self, link: Link) -> str:
        payload = bytes([_LETTERS[link.names]]) + b"".join(
            map(_varint, (link.person_id, link.subject, int(link.expires_at.timestamp())))
        )
        return base64.urlsafe_b64encode(payload + self._mac(payload)).rstrip(b"=").decode()

    def read(self, token: str, now: datetime) -> Link:
        """Raises BadLink."""
        try:
            raw = base64.urlsafe_b64decode(token[:_LONGEST] + "=" * (-len(token) % 4))
        except ValueError:
            raise BadLink("this link is not complete, open it from the message again") from None
        payload, mac = raw[:-_MAC], raw[-_MAC:]
        if len(token) > _LONGEST or not payload or not hmac.compare_digest(mac, self._mac(payload)):
            raise BadLink("this link is not complete, open it from the message again")
        numbers = list(_numbers(payload[1:]))
        names = _NAMES.get(payload[0])
        if names is None or len(numbers) != 3 or self.token(_link(names, numbers)) != token:
            raise BadLink("this link is not complete, open it from the message again")
        link = _link(names, numbers)
        if link.expires_at <= now:
            raise BadLink("this link has expired, log in to the console instead")
        return link

    def _mac(self, payload: bytes) -> bytes:
        return hmac.new(self._secret(), b"link\0" + payload, hashlib.sha256).digest()[:_MAC]


def _link(names: Names, numbers: list[int]) -> Link:
    person_id, subject, expires = numbers
    return Link(names, person_id, subject, datetime.fromtimestamp(expires, UTC))


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def _numbers(raw: bytes) -> list[int]:
    found, number, shift = [], 0, 0
    for byte in raw:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append(number)
            number = shift = 0
    return found
