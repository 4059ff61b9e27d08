"""The roster: who is paged, how they are reached, and in which order."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

Role = Literal["responder", "manager"]
Channel = Literal["sms", "email", "apprise"]
Importance = Literal["default", "important"]


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
    id: int
    name: str
    email: str | None
    role: Role
    time_zone: str

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
