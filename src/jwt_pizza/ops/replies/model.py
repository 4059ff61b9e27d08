"""What people answer to pages: by a link in the message, or by a text."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from jwt_pizza.ops.paging.links import Link
from jwt_pizza.ops.paging.model import Told
from jwt_pizza.ops.people.model import Person

Action = Literal["acknowledge", "resolve", "escalate"]
ACTIONS: Final[dict[str, Action]] = {
    "a": "acknowledge",
    "ack": "acknowledge",
    "acknowledge": "acknowledge",
    "c": "resolve",
    "close": "resolve",
    "r": "resolve",
    "resolve": "resolve",
    "e": "escalate",
    "escalate": "escalate",
}
DONE: Final[dict[Action, str]] = {
    "acknowledge": "Acknowledged",
    "resolve": "Closed",
    "escalate": "Escalated",
}
STOP: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"})
START: Final = frozenset({"start", "yes", "unstop"})
_REPLY: Final = re.compile(
    r"(?P<code>[0-9]{1,3})\s*(?P<word>[a-z]{1,11})|(?P<word2>[a-z]{1,11})\s*(?P<code2>[0-9]{1,3})"
)


class Reply(msgspec.Struct, frozen=True):
    code: int
    action: Action


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody with a link sees. `title` in place of groups: what it is about is in no table."""

    link: Link
    groups: tuple[Told, ...] = ()
    title: str = ""
    can: tuple[Action, ...] = ()
    note: str = ""
    good: bool = True


class Addressed(msgspec.Struct, frozen=True):
    """Whom a reply code was given to, and for which groups."""

    person_id: int
    groups: tuple[int, ...]


class Shown(Protocol):
    """A message as the built-in phone or mailbox shows it."""

    @property
    def to(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def at(self) -> datetime: ...


class ReplyBook(Protocol):
    """The port to what messages told, and to what was done about it."""

    async def groups(self, group_ids: Sequence[int]) -> Sequence[Told]: ...
    async def told_by(self, message_id: int, person_id: int) -> Sequence[int]:
        """The groups of a message to that person."""
        ...

    async def coded(self, address: str, code: int, since: datetime) -> Addressed | None:
        """The last message with that code on that phone."""
        ...

    async def begin(self, deed: str, now: datetime, retry_before: datetime) -> bool:
        """False when it was done, or is being done since then."""
        ...

    async def finish(self, deed: str, now: datetime) -> None: ...


class Outage(Protocol):
    """The pager that works without a database."""

    @property
    def going_on(self) -> bool: ...
    def sees(self, began: int) -> str:
        """What there is to say of the outage that began then."""
        ...

    def acknowledge(self, person_id: int, via: str) -> None: ...
    def by_phone(self, address: str) -> Sequence[Person]: ...


def reply_of(body: str) -> Reply | None:
    """`7a`, `7 ack`, `a7`: a code, and what to do."""
    found = _REPLY.fullmatch(body.strip().lower().rstrip(".!"))
    if found is None:
        return None
    action = ACTIONS.get(found["word"] or found["word2"])
    return Reply(int(found["code"] or found["code2"]), action) if action else None
