"""Who did what to what is not theirs alone, and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, Protocol, get_args

import msgspec

Verb = Literal[
    "opened",
    "closed",
    "added",
    "changed",
    "withdrew",
    "appointed",
    "dismissed",
    "deleted",
    "refunded",
    "granted",
    "revoked",
    "started",
    "ended",
]
VERBS: Final[tuple[str, ...]] = get_args(Verb)


class Entry(msgspec.Struct, frozen=True):
    """`subject` is what it was done to (`order 17`), `about` the rest: a reason, what changed."""

    actor_id: int
    at: datetime
    verb: Verb
    subject: str
    about: str = ""


class Recorded(msgspec.Struct, frozen=True):
    """`actor` is empty when the account is deleted."""

    id: int
    at: datetime
    actor: str
    verb: str
    subject: str
    about: str


class AuditLog(Protocol):
    async def page(self, *, verb: str | None, subject: str | None, before: int | None, take: int) -> Sequence[Recorded]:
        """The newest first; `before` is an id."""
        ...
