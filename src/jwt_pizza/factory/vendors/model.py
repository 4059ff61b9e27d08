"""Who may have pizzas baked."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel import text, wire
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wire import Wire

Role = Literal["vendor", "admin"]
Deletion = Literal["connection", "chaos", "all"]

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that look alike."""
_CODE_LENGTH: Final = 8

SHOP: Final = wire.Vendor(id="jwt-pizza", name="JWT Pizza")
"""The vendor that this system's own shop is."""
OPERATOR: Final = "operator"
"""The vendor whose key the commands of the one-command run use."""

MOST_KEYS: Final = 20
"""Keys of a vendor that work at the same time; a further one replaces the oldest."""


class Vendor(Wire, frozen=True):
    id: str
    name: str
    roles: tuple[Role, ...] = ("vendor",)

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles


class ConnectionCard(Wire, frozen=True):
    """`id` is the other vendor's, null while this one waits for another."""

    id: str | None
    purpose: str
    rating: int | None = None


class ChaosCard(Wire, frozen=True):
    type: str
    initiated_date: str
    start_date: str
    end_date: str


class VendorCard(Wire, frozen=True, omit_defaults=True):
    """A vendor as clients see it. `api_key` is there once, in the answer to a login."""

    id: str
    name: str
    created: str
    roles: tuple[Role, ...]
    email: str | None = None
    git_hub_url: str | None = None
    website: str | None = None
    phone: str | None = None
    connections: Mapping[str, ConnectionCard] = {}
    chaos: ChaosCard | None = None
    api_key: str | None = None


class Details(msgspec.Struct, frozen=True):
    """What a vendor says about itself."""

    name: str
    email: str | None = None
    git_hub_url: str | None = None
    website: str | None = None
    phone: str | None = None


class Limits(msgspec.Struct, frozen=True):
    """Lengths of time in seconds. The numbers are attempts within `window`."""

    code: float
    session: float = 12 * 3600.0
    window: float = 600.0
    tries_per_code: int = 5
    codes_per_vendor: int = 10
    attempts_per_address: int = 100


class VendorExists(Wire, frozen=True):
    exists: bool


class CodeSent(Wire, frozen=True):
    email: str


class Vendors(Protocol):
    """The port to stored vendors."""

    async def exists(self, vendor_id: str) -> bool: ...
    async def by_key(self, key_hash: bytes) -> Vendor | None: ...
    async def add(self, vendor_id: str, details: Details, at: datetime) -> bool:
        """False when there is such a vendor."""
        ...

    async def issue(self, vendor_id: str, key_hash: bytes, at: datetime, *, replace: bool) -> None:
        """A further key of the vendor, or its only one."""
        ...

    async def details(self, vendor_id: str) -> Details | None: ...
    async def change(self, vendor_id: str, details: Details) -> None: ...
    async def set_roles(self, vendor_id: str, roles: Sequence[Role]) -> bool: ...
    async def delete(self, vendor_id: str, what: Deletion) -> bool: ...
    async def card(self, vendor_id: str) -> VendorCard | None: ...
    async def cards(self) -> Sequence[VendorCard]: ...
    async def connect(self, vendor_id: str, purpose: str, at: datetime) -> None:
        """Pairs the vendor with the one that waits longest for that purpose, or lets it wait."""
        ...

    async def rate(self, vendor_id: str, other_id: str | None, purpose: str, rating: int) -> bool: ...
    async def log(self, vendor_id: str, text: str, at: datetime) -> str:
        """Keeps the line; the answer that an admin has set for all."""
        ...

    async def set_log_answer(self, text: str) -> None: ...


class Codes(Protocol):
    """The port to one-time codes and console sessions."""

    async def put_code(self, vendor_id: str, code_hash: bytes, expires_at: datetime) -> None: ...
    async def use_code(self, vendor_id: str, code_hash: bytes, most_tries: int, at: datetime) -> bool:
        """Counts one try. True at most once for a code."""
        ...

    async def open_session(self, token_hash: bytes, vendor_id: str, expires_at: datetime) -> None: ...
    async def session(self, token_hash: bytes, at: datetime) -> Vendor | None: ...
    async def end_session(self, token_hash: bytes) -> None: ...


class Throttle(Protocol):
    """The port to counted attempts, shared by all processes."""

    async def charge(self, subjects: Sequence[str], at: datetime, ends_at: datetime) -> Sequence[tuple[int, datetime]]:
        """Counts one attempt against each subject; each one's count and the end of its window."""
        ...

    async def pardon(self, subjects: Sequence[str]) -> None:
        """The attempt was good: it does not count."""
        ...


class Mail(Protocol):
    async def send(self, to: str, subject: str, text: str) -> None:
        """Raises Unavailable when it cannot be handed over."""
        ...


def new_key() -> str:
    return secrets.token_hex(16)


def new_code() -> str:
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))


def key_hash(key: str) -> bytes:
    # The key is random, so a fast hash is enough: there is nothing to guess.
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def code_hash(vendor_id: str, code: str) -> bytes:
    # Short-lived and good for a few tries. The vendor is in it, so that no code fits another one.
    return hashlib.sha256(f"{vendor_id}\0{code.strip().upper()}".encode("utf-8", "replace")).digest()


def id_of(value: str) -> str:
    vendor_id = text.line(value, "id", most=64)
    if not _ID.fullmatch(vendor_id):
        raise Invalid("id must be made of letters, digits, dot, dash and underscore")
    return vendor_id


def purpose_of(value: str | None) -> str:
    if not value or not value.strip():
        raise Invalid("Invalid purpose")
    return text.line(value, "purpose", most=64)


def details_of(details: Details) -> Details:
    """The same, checked."""
    return Details(
        name=text.line(details.name, "name", most=100),
        email=text.email(details.email) if details.email else None,
        git_hub_url=_url(details.git_hub_url, "gitHubUrl"),
        website=_url(details.website, "website"),
        phone=text.line(details.phone, "phone", most=40) if details.phone else None,
    )


def _url(value: str | None, name: str) -> str | None:
    if not value:
        return None
    url = text.line(value, name, most=200)
    # Pages link to it: no scheme that runs a script.
    if "://" in url and not url.lower().startswith(("http://", "https://")):
        raise Invalid(f"{name} must start with http:// or https://")
    return url if "://" in url else f"https://{url}"
