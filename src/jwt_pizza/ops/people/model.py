"""The roster: who is paged, how they are reached, and in which order."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.errors import Invalid

Role = Literal["responder", "manager"]
Channel = Literal["sms", "email", "apprise"]
Importance = Literal["default", "important"]

_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_BETWEEN_DIGITS: Final = re.compile(r"[ ().\-/]")


class Contact(msgspec.Struct, frozen=True):
    """`address`: E.164, a mail address, or an Apprise URL. Only a usable one is paged."""

    id: int
    person_id: int
    channel: Channel
    address: str
    verified: bool
    opted_out: bool

    @property
    def usable(self) -> bool:
        return self.verified and not self.opted_out


class NotificationRule(msgspec.Struct, frozen=True):
    """`delay` in seconds after the page began."""

    contact_id: int
    delay: float


class Person(msgspec.Struct, frozen=True):
    """`operates`: who commands log in as; in the roster for its name alone, never listed, counted on or paged."""

    id: int
    name: str
    email: str | None
    role: Role
    time_zone: str
    operates: bool = False

    @property
    def manages(self) -> bool:
        return self.role == "manager"


class Reachable(msgspec.Struct, frozen=True):
    """A person with all that paging them needs. `rules` of both kinds of importance, in order."""

    person: Person
    contacts: tuple[Contact, ...]
    default: tuple[NotificationRule, ...]
    important: tuple[NotificationRule, ...]


class Team(msgspec.Struct, frozen=True):
    id: int
    name: str
    members: tuple[int, ...]


class Roster(msgspec.Struct, frozen=True):
    """Everybody, read at one moment. Small enough to be kept in memory, for when there is no database."""

    people: dict[int, Reachable]
    teams: dict[int, Team]


class People(Protocol):
    """What paging needs of the roster."""

    async def roster(self) -> Roster: ...
    async def by_phone(self, address: str) -> Sequence[Person]:
        """Whose verified phone it is."""
        ...

    async def opt_out(self, address: str, *, out: bool) -> int:
        """A carrier's stop and start words; how many contacts it concerned."""
        ...


class Credentials(msgspec.Struct, frozen=True):
    person: Person
    password_hash: str | None


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A person to be added. Without a password they are paged, but cannot log in."""

    name: str
    email: str | None
    password_hash: str | None
    role: Role
    time_zone: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is None stays. `keep`: the session that a new password does not end, by the hash of its token."""

    name: str | None = None
    email: str | None = None
    password_hash: str | None = None
    role: Role | None = None
    time_zone: str | None = None
    keep: bytes | None = None


class Naming(msgspec.Struct, frozen=True):
    """What still names somebody: a schedule, a chain, a team."""

    kind: str
    name: str


class Limits(msgspec.Struct, frozen=True):
    """Times are in seconds."""

    shortest_password: int = 8
    session: float = 604_800.0
    window: float = 300.0
    failures_per_account: int = 10
    failures_per_address: int = 200
    code: float = 900.0
    tries_per_code: int = 5
    codes_per_address: int = 5
    codes_per_person: int = 20
    codes_window: float = 3600.0


class PeopleBook(Protocol):
    """The port to the stored roster. Each change is one commit with its event; `by` is who makes it."""

    async def anybody(self) -> bool: ...
    async def roster(self) -> Roster: ...
    async def credentials(self, email_key: str) -> Credentials | None: ...
    async def add(self, draft: Draft, *, by: str, at: datetime) -> Person:
        """Raises Conflict when the address is taken."""
        ...

    async def change(self, person_id: int, change: Change, *, by: str, at: datetime) -> Person:
        """Raises NotFound; Conflict when the address is taken or nobody would manage any more."""
        ...

    async def remove(self, person_id: int, *, by: str, at: datetime) -> Sequence[Naming]:
        """What still names them, in which case nothing was changed. Raises NotFound, Conflict as `change`."""
        ...

    async def feed_token(self, person_id: int) -> str: ...
    async def new_feed_token(self, person_id: int, token: str, *, by: str, at: datetime) -> None: ...
    async def add_team(self, name: str, members: Sequence[int], *, by: str, at: datetime) -> Team: ...
    async def change_team(
        self, team_id: int, name: str | None, members: Sequence[int] | None, *, by: str, at: datetime
    ) -> Team: ...
    async def remove_team(self, team_id: int, *, by: str, at: datetime) -> Sequence[Naming]: ...


class ContactBook(Protocol):
    """The port to stored contacts and rules."""

    async def get(self, contact_id: int) -> Contact:
        """Raises NotFound."""
        ...

    async def add(self, person_id: int, channel: Channel, address: str, *, by: str, at: datetime) -> Contact:
        """With rules that use it. Raises NotFound, Conflict when they have it already or have too many."""
        ...

    async def remove(self, contact_id: int, *, by: str, at: datetime) -> None:
        """And the rules that use it."""
        ...

    async def put_code(self, contact_id: int, code_hash: bytes, expires_at: datetime) -> None: ...
    async def use_code(self, contact_id: int, code_hash: bytes, tries: int, *, by: str, at: datetime) -> bool: ...
    async def set_rules(
        self,
        person_id: int,
        default: Sequence[NotificationRule],
        important: Sequence[NotificationRule],
        *,
        by: str,
        at: datetime,
    ) -> None:
        """Raises Invalid when one uses a contact that is not theirs."""
        ...


class SessionBook(Protocol):
    async def open(self, token_hash: bytes, person_id: int, expires_at: datetime) -> None: ...
    async def person(self, token_hash: bytes, at: datetime) -> Person | None: ...
    async def end(self, token_hash: bytes) -> None: ...


class Throttle(Protocol):
    """The port to counts that all processes share."""

    async def counts(self, subjects: Sequence[str], at: datetime) -> Sequence[tuple[int, datetime]]:
        """Of each subject in its window, and the window's end."""
        ...

    async def charge(self, subjects: Sequence[str], at: datetime, ends_at: datetime) -> Sequence[tuple[int, datetime]]:
        """One more of each; the counts now. A subject without an open window gets one until `ends_at`."""
        ...

    async def clear(self, subject: str) -> None: ...


class Passwords(Protocol):
    def turn(self) -> AbstractAsyncContextManager[None]: ...
    async def hash(self, password: str) -> str: ...
    async def matches(self, hashed: str | None, password: str) -> bool: ...


class Courier(Protocol):
    """Takes one message to one address, now; for codes, which nobody needs any more when they come late."""

    async def send(self, channel: Channel, address: str, subject: str, text: str) -> None:
        """Raises Unavailable when it could not be handed over."""
        ...


def phone_of(value: str) -> str:
    """In E.164; what people put between the digits is left out. Raises Invalid."""
    phone = _BETWEEN_DIGITS.sub("", text.line(value, "address", most=40))
    if not _PHONE.fullmatch(phone):
        raise Invalid("a phone number must have its country code, as in +4915112345678")
    return phone


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def code_hash(contact_id: int, code: str) -> bytes:
    return hashlib.sha256(f"{contact_id}:{code}".encode("utf-8", "replace")).digest()


def new_code() -> str:
    """Six digits."""
    return f"{secrets.randbelow(1_000_000):06d}"
