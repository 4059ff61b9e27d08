"""What people ask of the pager: what was sent, and whether a page would arrive."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import uuid4

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Forbidden, NotFound
from jwt_pizza.ops.paging.links import Sealer
from jwt_pizza.ops.paging.model import Ledger, Notified, Outbox, Queued
from jwt_pizza.ops.people.model import People, Person

_TEXT: Final = "TEST: a page would reach you here. Nothing is wrong. {link}"


class PageDesk:
    def __init__(
        self,
        ledger: Ledger,
        outbox: Outbox,
        people: People,
        links: Sealer,
        clock: Clock,
        *,
        queued: Callable[[], None] = lambda: None,
    ) -> None:
        """`queued` is called when there is something to send."""
        self._ledger = ledger
        self._queued = queued
        self._outbox = outbox
        self._people = people
        self._links = links
        self._clock = clock

    async def of_group(self, group_id: int) -> Sequence[Notified]:
        return await self._ledger.of_group(group_id)

    async def test(self, caller: Person, person_id: int) -> int:
        """By each contact that works, past all rules; how many those are."""
        if caller.id != person_id and not caller.manages:
            raise Forbidden("only a manager may send test pages to others")
        someone = (await self._people.roster()).people.get(person_id)
        if someone is None:
            raise NotFound("there is no such person")
        now = self._clock.now()
        contacts = [contact for contact in someone.contacts if contact.usable]
        if not contacts:
            raise Conflict(f"{someone.person.name} has no contact that is verified and not opted out: add one")
        text = _TEXT.format(link=self._links.link("test", person_id, 0, now))
        key = uuid4().hex
        tests = [
            Queued(
                key=f"test:{key}:{contact.id}",
                kind="test",
                channel=contact.channel,
                address=contact.address,
                created_at=now,
                send_at=now,
                person_id=person_id,
                contact_id=contact.id,
                subject="Test page of JWT Pizza",
                body=text,
            )
            for contact in contacts
        ]
        queued = await self._outbox.queue(tests)
        self._queued()
        return len(queued)
