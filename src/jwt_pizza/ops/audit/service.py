"""Reads the audit log in words."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.audit.model import Asked, Trail
from jwt_pizza.ops.events.model import Refused
from jwt_pizza.ops.events.telling import by, kind_of, sentence
from jwt_pizza.ops.people.model import People
from jwt_pizza.ops.people.naming import names


class Entry(Wire, frozen=True):
    """`text`: a sentence. `address`: where from, of what was refused."""

    id: int
    at: datetime
    kind: str
    by: str
    text: str
    address: str
    group_id: int | None
    incident_id: int | None


class Page(msgspec.Struct, frozen=True):
    entries: Sequence[Entry]
    more: bool


class AuditDesk:
    def __init__(self, trail: Trail, people: People) -> None:
        self._trail = trail
        self._people = people

    async def read(self, asked: Asked) -> Page:
        """The newest first, and whether there are older ones."""
        naming = names(await self._people.roster())
        found = await self._trail.read(msgspec.structs.replace(asked, limit=asked.limit + 1))
        entries = [
            Entry(
                id=each.id,
                at=each.at,
                kind=kind_of(each.fact),
                by=by(each.actor, naming),
                text=sentence(each.fact, each.actor, naming),
                address=each.fact.address if isinstance(each.fact, Refused) else "",
                group_id=each.group_id,
                incident_id=each.incident_id,
            )
            for each in found
        ]
        return Page(entries[: asked.limit], len(entries) > asked.limit)
