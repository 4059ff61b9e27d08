"""Sends what is queued, and sees to it that what does not arrive goes another way."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.ops.channels.model import Channel, Handed, Message, NotHanded
from jwt_pizza.ops.paging import texts
from jwt_pizza.ops.paging.escalation import next_contact
from jwt_pizza.ops.paging.links import Sealer
from jwt_pizza.ops.paging.model import Lost, NotSent, Outbox, Parcel, Queued, Sent, Told
from jwt_pizza.ops.paging.storm import sort
from jwt_pizza.ops.paging.texts import Words
from jwt_pizza.ops.people.model import Contact, People

BATCH: Final = 50
"""Lines on which one process sends at the same moment."""
CLAIM: Final = timedelta(seconds=20)
"""Longer than sending may take: a claim that is over was a killed process's."""
RETRIES: Final = (timedelta(seconds=2), timedelta(seconds=8))
"""What could not be handed over is tried again after each of these, then given up for the next way."""
CONFIRM: Final = timedelta(seconds=90)
"""How long a provider that tells what became of a message may take for it."""


class Sender:
    def __init__(
        self,
        outbox: Outbox,
        channel: Channel,
        people: People,
        links: Sealer,
        clock: Clock,
        *,
        more: Callable[[], None] = lambda: None,
        failed: Callable[[int, Exception], None] = lambda _message, _error: None,
    ) -> None:
        """`more` is called when there is something to do at once: another way, or the next step of an escalation;
        `failed` with a message that could not be worded."""
        self._outbox = outbox
        self._channel = channel
        self._people = people
        self._links = links
        self._clock = clock
        self._more = more
        self._failed = failed

    async def step(self) -> int:
        """All that is due now; how many messages that were."""
        count = 0
        if not self._links.ready():
            return count
        while True:
            now = self._clock.now()
            parcels = await self._outbox.claim(now, now + CLAIM, BATCH, sort)
            await asyncio.gather(*(self._send(parcel) for parcel in parcels))
            count += len(parcels)
            if not parcels:
                break
        await self._replace()
        return count

    async def _replace(self) -> None:
        """Finds another way for what is lost; what has none makes the escalation go on."""
        now = self._clock.now()
        lost = await self._outbox.lost(now, now + CLAIM, BATCH)
        if not lost:
            return
        roster = await self._people.roster()
        for each in lost:
            someone = roster.people.get(each.person_id)
            contact = next_contact(someone, frozenset(each.tried)) if someone is not None else None
            await self._outbox.replace(each, _instead(each, contact, now) if contact else None, now)
        self._more()

    async def _send(self, parcel: Parcel) -> None:
        try:
            words = self._words(parcel, self._clock.now())
        except Exception as error:  # noqa: BLE001 - a text that cannot be worded must not mean silence
            self._failed(parcel.letter.message_id, error)
            words = Words("JWT Pizza: an alert fires", "An alert fires. Open the on-call console.")
        message = Message(id=parcel.letter.id, subject=words.subject, text=words.text, html=words.html)
        try:
            handed = await self._channel.send(parcel.line.channel, parcel.line.address, message)
        except NotHanded as failure:
            now = self._clock.now()
            gone = NotSent(error=failure.error, retry_at=_retry(parcel, failure, now))
            await self._outbox.not_sent(parcel, gone, now)
            return
        now = self._clock.now()
        await self._outbox.sent(parcel, _sent(handed, words, now), now)

    def _words(self, parcel: Parcel, now: datetime) -> Words:
        letter, line = parcel.letter, parcel.line
        first = letter.notifications[0]
        if first.kind == "webhook":
            return Words("", texts.webhook(first, now))
        groups = list({each.group.id: each.group for each in letter.notifications if each.group is not None}.values())
        if not groups:
            return Words(first.subject, first.body)
        link = self._link(parcel, groups, now)
        if first.kind == "reminder":
            return texts.reminder(groups[0], link, letter.code, now)
        again = all(each.page > 1 for each in letter.notifications)
        if line.channel != "sms":
            return texts.letter(groups, link, again=again, now=now)
        if len(groups) == 1:
            return texts.page_by_text(groups[0], link, letter.code, again=again, now=now)
        return texts.bundle_by_text(groups, link, letter.code)

    def _link(self, parcel: Parcel, groups: Sequence[Told], now: datetime) -> str:
        if len(groups) > 1:
            return self._links.link("message", parcel.line.person_id, parcel.letter.message_id, now)
        return self._links.link("group", parcel.line.person_id, groups[0].id, now)


def _instead(lost: Lost, contact: Contact, now: datetime) -> Queued:
    return Queued(
        key=f"{lost.group_id}:{lost.generation}:{lost.page}:{lost.person_id}:instead:{contact.id}",
        kind=lost.kind,
        channel=contact.channel,
        address=contact.address,
        created_at=now,
        send_at=now,
        group_id=lost.group_id,
        generation=lost.generation,
        page=lost.page,
        person_id=lost.person_id,
        contact_id=contact.id,
    )


def _retry(parcel: Parcel, failure: NotHanded, now: datetime) -> datetime | None:
    attempts = max(each.attempts for each in parcel.letter.notifications)
    if failure.final or attempts >= len(RETRIES):
        return None
    return now + RETRIES[attempts]


def _sent(handed: Handed, words: Words, now: datetime) -> Sent:
    return Sent(
        provider=handed.provider,
        provider_id=handed.provider_id,
        subject=words.subject,
        body=words.text,
        confirm_by=now + CONFIRM if handed.confirms and handed.provider_id else None,
    )
