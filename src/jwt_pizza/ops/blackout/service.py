"""Pages that the database is gone, from memory, and writes down what happened when it is back."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.ops.blackout.model import (
    DEFAULT_CHAIN,
    PATIENCE,
    Acknowledgement,
    Blackout,
    Delivery,
    Failed,
    Heart,
    Memory,
    Notebook,
    Recollection,
    Sent,
    walkable,
)
from jwt_pizza.ops.channels.model import Channel, Message, NotHanded
from jwt_pizza.ops.events.model import (
    DatabaseBack,
    DatabaseLost,
    Event,
    Events,
    GroupAcknowledged,
    NobodyPaged,
    PageFailed,
    PageSent,
    actor_of,
)
from jwt_pizza.ops.paging.escalation import Position, Surroundings, advance, next_contact
from jwt_pizza.ops.paging.links import Sealer
from jwt_pizza.ops.people.model import Person, Roster

_ENOUGH: Final = 3
"""Looks in a row that found nothing."""
_QUICK: Final = 5
"""Steps in a row that are taken at once because nobody was reached; after them, one a minute."""
_EMPTY: Final = Roster({}, {})


class Lifeline:
    """`refresh` and `step` are called again and again, by whoever has the loop."""

    def __init__(
        self,
        heart: Heart,
        recollection: Recollection,
        notebook: Notebook,
        channel: Channel,
        links: Sealer,
        events: Events,
        clock: Clock,
    ) -> None:
        self._heart = heart
        self._recollection = recollection
        self._notebook = notebook
        self._channel = channel
        self._links = links
        self._events = events
        self._clock = clock
        self._memory: Memory | None = None
        self._failing_since: datetime | None = None
        self._failures = 0
        self._blackout: Blackout | None = None
        self._last_over: Blackout | None = None

    @property
    def going_on(self) -> bool:
        return self._failing_since is not None and self._failures >= _ENOUGH

    @property
    def key(self) -> bytes:
        """Signs links. Raises LookupError when the database was never seen, and no file remembers it."""
        memory = self._memory or self._notebook.memory()
        if memory is None:
            raise LookupError("the links' secret is not known yet")
        self._memory = memory
        return memory.key

    async def refresh(self) -> None:
        """Raises Unavailable, and keeps what it knows."""
        memory = await self._recollection.read(self._clock.now())
        if memory != self._memory:
            self._memory = memory
            await asyncio.to_thread(self._notebook.keep, memory)

    async def step(self) -> None:
        error = await self._heart.beat()
        now = self._clock.now()
        if error is None:
            self._failing_since, self._failures = None, 0
            await self._come_back(now)
            return
        self._failures += 1
        self._failing_since = self._failing_since or now
        if self._failures >= _ENOUGH and now - self._failing_since >= PATIENCE:
            await self._page(error, now)

    def sees(self, began: int) -> str:
        known = self._blackout or self._notebook.blackout()
        if known is None or known.began != began or not self.going_on:
            return "The database answers again. There is nothing to do any more."
        acknowledged = known.acknowledged or self._notebook.acknowledgement(began)
        note = " Somebody has acknowledged that." if acknowledged else ""
        return f"The database of ops is away since {known.began_at:%H:%M} UTC.{note}"

    def acknowledge(self, person_id: int, via: str) -> None:
        known = self._blackout or self._notebook.blackout()
        if known is not None and known.acknowledged is None:
            made = Acknowledgement(known.began, person_id, via, self._clock.now())
            known.acknowledged = made
            # Another process of this machine may be the one that pages.
            self._notebook.acknowledge(made)

    def by_phone(self, address: str) -> Sequence[Person]:
        people = self._known.roster.people.values()
        return [
            each.person
            for each in people
            if any(
                contact.channel == "sms" and contact.address == address and contact.verified
                for contact in each.contacts
            )
        ]

    @property
    def _known(self) -> Memory:
        if self._memory is None:
            self._memory = self._notebook.memory()
        return self._memory or Memory(roster=_EMPTY, on_call={}, chain=DEFAULT_CHAIN, team_id=None, key=b"")

    async def _page(self, error: str, now: datetime) -> None:
        if not self._notebook.lead():
            return
        if self._blackout is None:
            earlier = self._notebook.blackout()
            began = self._failing_since or now
            self._blackout = earlier or Blackout(began_at=began, error=error, next_at=now)
        blackout = self._blackout
        blackout.ended_at = None
        blackout.acknowledged = blackout.acknowledged or self._notebook.acknowledgement(blackout.began)
        if blackout.acknowledged is not None:
            blackout.waiting.clear()
            return
        if blackout.next_at <= now:
            self._advance(blackout, now)
        due = [each for each in blackout.waiting if each.send_at <= now]
        if due:
            self._notebook.save(blackout)
            await asyncio.gather(*(self._send(blackout, each) for each in due))
            self._notebook.save(blackout)

    def _advance(self, blackout: Blackout, now: datetime) -> None:
        memory = self._known
        place = Position(step=blackout.step, visits=blackout.visits, generation=1, due_at=blackout.next_at)
        around = Surroundings(roster=memory.roster, on_call=memory.on_call, team_id=memory.team_id, turns={})
        made = advance(walkable(memory.chain), place, around, now)
        blackout.step, blackout.visits, blackout.next_at = made.step, made.visits, made.next_at
        for taken in made.steps:
            if taken.page is None:
                continue
            blackout.waiting.extend(
                Delivery(
                    person_id=each.person_id,
                    contact=each.contact,
                    send_at=now + timedelta(seconds=each.delay),
                    page=taken.page.page,
                )
                for each in taken.page.deliveries
            )
            if taken.nobody is not None and not taken.page.deliveries:
                blackout.nobody.append(now)

    async def _send(self, blackout: Blackout, delivery: Delivery) -> None:
        contact = delivery.contact
        number = len(blackout.sent) + len(blackout.failed)
        try:
            handed = await self._channel.send(
                contact.channel, contact.address, self._message(blackout, delivery.person_id, number)
            )
        except NotHanded as failure:
            self._failed(blackout, delivery, failure)
        else:
            blackout.sent.append(
                Sent(
                    at=self._clock.now(),
                    person_id=delivery.person_id,
                    channel=contact.channel,
                    address=contact.address,
                    provider=handed.provider,
                    contact_id=contact.id,
                )
            )
        blackout.waiting.remove(delivery)

    def _failed(self, blackout: Blackout, delivery: Delivery, failure: NotHanded) -> None:
        """Another way to the same person; without one, the next step at once."""
        now = self._clock.now()
        contact = delivery.contact
        blackout.failed.append(
            Failed(at=now, person_id=delivery.person_id, channel=contact.channel, error=failure.error)
        )
        tried = (*delivery.tried, contact.id)
        someone = self._known.roster.people.get(delivery.person_id)
        other = next_contact(someone, frozenset(tried)) if someone is not None else None
        if other is not None:
            again = msgspec.structs.replace(delivery, contact=other, tried=tried, send_at=now)
            blackout.waiting.append(again)
        elif not any(each.page == delivery.page and each is not delivery for each in blackout.waiting):
            forward = blackout.visits.get("forward", 0)
            blackout.visits = {**blackout.visits, "forward": forward + 1}
            soon = now if forward < _QUICK else now + timedelta(minutes=1)
            blackout.next_at = min(blackout.next_at, soon)

    def _message(self, blackout: Blackout, person_id: int, number: int) -> Message:
        now = self._clock.now()
        link = self._links.link("outage", person_id, blackout.began, now)
        text = (
            f"CRITICAL: the database of ops is away since {blackout.began_at:%H:%M} UTC. "
            f"Nothing can be ordered or stored. {link} or reply 0a"
        )
        return Message(
            id=f"outage-{blackout.began}-{number}", subject="[critical] The database of ops is away", text=text
        )

    async def _come_back(self, now: datetime) -> None:
        blackout = self._blackout
        if blackout is None:
            blackout = self._notebook.blackout() if self._last_over is None else None
            if blackout is None or not self._notebook.lead():
                return
            self._blackout = blackout
        if blackout.ended_at is None:
            blackout.ended_at = now
        try:
            await self._events.record(list(_story(blackout, blackout.ended_at)))
        except Refusal:
            # Not quite back: next time.
            return
        self._blackout, self._last_over = None, blackout
        self._notebook.over()
        await self._tell_the_end(blackout, now)

    async def _tell_the_end(self, blackout: Blackout, now: datetime) -> None:
        minutes = max(round((now - blackout.began_at).total_seconds() / 60), 1)
        text = f"RESOLVED: the database of ops is back after {minutes} min."
        told = {(each.channel, each.address): each for each in blackout.sent}
        message = Message(
            id=f"outage-{blackout.began}-over", subject="[resolved] The database of ops is back", text=text
        )
        await asyncio.gather(
            *(self._channel.send(channel, address, message) for channel, address in told), return_exceptions=True
        )


def _story(blackout: Blackout, ended_at: datetime) -> Iterator[Event]:
    """What is written down; each with a key, so that it is there once however often this is tried."""
    name = f"blackout:{blackout.began_at.isoformat()}"
    yield Event(at=blackout.began_at, fact=DatabaseLost(error=blackout.error), key=f"{name}:lost")
    for number, sent in enumerate(blackout.sent):
        told = PageSent(notification_id=0, person_id=sent.person_id, channel=sent.channel, provider=sent.provider)
        yield Event(at=sent.at, fact=told, key=f"{name}:sent:{number}")
    for number, failed in enumerate(blackout.failed):
        gone = PageFailed(
            notification_id=0, person_id=failed.person_id, channel=failed.channel, error=failed.error, final=True
        )
        yield Event(at=failed.at, fact=gone, key=f"{name}:failed:{number}")
    for number, at in enumerate(blackout.nobody):
        nobody = NobodyPaged(step=0, reason="the database was away, and nobody at all could be reached")
        yield Event(at=at, fact=nobody, key=f"{name}:nobody:{number}")
    if blackout.acknowledged is not None:
        made = blackout.acknowledged
        fact = GroupAcknowledged(via=made.via)
        yield Event(at=made.at, fact=fact, actor=actor_of(made.person_id), key=f"{name}:acknowledged")
    seconds = round((ended_at - blackout.began_at).total_seconds(), 3)
    yield Event(at=ended_at, fact=DatabaseBack(seconds=seconds, pages=len(blackout.sent)), key=f"{name}:back")
