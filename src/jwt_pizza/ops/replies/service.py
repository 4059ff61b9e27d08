"""Answers to pages are acted on once, as the person who was paged."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, NotFound, Refusal
from jwt_pizza.ops.alerts.model import Via
from jwt_pizza.ops.channels.model import Text
from jwt_pizza.ops.events.model import Event, Events, LinkOpened, actor_of
from jwt_pizza.ops.events.refusals import Refusals
from jwt_pizza.ops.paging.links import Link, Seal
from jwt_pizza.ops.paging.model import GroupDesk, Told
from jwt_pizza.ops.paging.texts import gsm, shortened
from jwt_pizza.ops.people.model import People, Throttle
from jwt_pizza.ops.replies.model import DONE, START, STOP, Action, Outage, Reply, ReplyBook, View, reply_of

_RETRY: Final = timedelta(seconds=30)
"""After that, what was begun and not finished may be done again: whoever did it was killed."""
_CODES: Final = timedelta(hours=12)
"""How long a reply code is good for."""
_OUTAGE_CODE: Final = 0
_WRONG_PER_HOUR: Final = 20
_HELP: Final = "Reply with the code of the page and a letter: 7a acknowledges, 7c closes, 7e escalates."
_SHOWN: Final = 300
"""Groups of one link that are acted on, at most."""


class LinkDesk:
    def __init__(
        self, book: ReplyBook, desk: GroupDesk, seal: Seal, outage: Outage, events: Events, clock: Clock
    ) -> None:
        self._book = book
        self._desk = desk
        self._seal = seal
        self._outage = outage
        self._events = events
        self._clock = clock

    async def look(self, token: str) -> View:
        """Changes nothing: robots that show previews open links, too. Raises BadLink."""
        link = self._seal.read(token, self._clock.now())
        if link.names == "outage":
            return self._outage_view(link)
        if link.names == "test":
            return View(link=link, title="This was a test page. Nothing is wrong.")
        view = await self._view(link)
        opened = Event(
            at=self._clock.now(),
            actor=actor_of(link.person_id),
            group_id=link.subject if link.names == "group" else None,
            fact=LinkOpened(action=link.names),
            key=f"link:{_digest(token)}",
        )
        await self._events.record([opened])
        return view

    async def act(self, token: str, action: Action) -> View:
        """Raises BadLink."""
        now = self._clock.now()
        link = self._seal.read(token, now)
        if link.names == "test":
            return await self.look(token)
        if link.names == "outage":
            if action == "acknowledge" and self._outage.going_on:
                self._outage.acknowledge(link.person_id, "link")
            return self._outage_view(link)
        deed = f"link:{_digest(token)}:{action}"
        if not await self._book.begin(deed, now, now - _RETRY):
            return await self._view(link, note="This link has done that already.")
        problem = await _act(self._desk, await self._groups(link), action, link.person_id, "link")
        await self._book.finish(deed, self._clock.now())
        return await self._view(link, note=problem or f"{DONE[action]}.", good=problem is None)

    async def _groups(self, link: Link) -> Sequence[int]:
        if link.names == "group":
            return [link.subject]
        return (await self._book.told_by(link.subject, link.person_id))[:_SHOWN]

    async def _view(self, link: Link, note: str = "", *, good: bool = True) -> View:
        groups = tuple(await self._book.groups(await self._groups(link)))
        if not groups:
            raise NotFound("what this link is about is gone")
        return View(link=link, groups=groups, can=_can(groups), note=note, good=good)

    def _outage_view(self, link: Link) -> View:
        can: tuple[Action, ...] = ("acknowledge",) if self._outage.going_on else ()
        return View(link=link, title=self._outage.sees(link.subject), can=can)


class TextDesk:
    """Texts that came from phones, believed to come from there: see `channels.signature`."""

    def __init__(
        self,
        book: ReplyBook,
        desk: GroupDesk,
        people: People,
        throttle: Throttle,
        outage: Outage,
        refusals: Refusals,
        clock: Clock,
    ) -> None:
        self._book = book
        self._desk = desk
        self._people = people
        self._throttle = throttle
        self._outage = outage
        self._refusals = refusals
        self._clock = clock

    async def hear(self, text: Text) -> str:
        """What to answer; nothing where the carrier answers itself."""
        word = text.body.strip().lower()
        reply = reply_of(text.body)
        if self._outage.going_on:
            return self._hear_without_database(text, reply)
        if word in STOP or word in START:
            await self._people.opt_out(text.sender, out=word in STOP)
            return ""
        known = await self._people.by_phone(text.sender)
        if not known:
            return await self._refuse(text, "unknown number", "This number is not known here.")
        if reply is None:
            return _HELP
        if reply.code == _OUTAGE_CODE:
            return "That outage is over."
        now = self._clock.now()
        [(wrong, _)] = await self._throttle.counts([_subject(text)], now)
        if wrong >= _WRONG_PER_HOUR:
            return await self._refuse(text, "too many wrong codes", "Too many wrong codes. Use the link instead.")
        addressed = await self._book.coded(text.sender, reply.code, now - _CODES)
        if addressed is None or addressed.person_id not in {person.id for person in known}:
            await self._throttle.charge([_subject(text)], now, now + timedelta(hours=1))
            return await self._refuse(
                text, "wrong code", f"No page of the last hours has the code {reply.code}. {_HELP}"
            )
        deed = f"text:{text.provider}:{text.provider_id}"
        if not await self._book.begin(deed, now, now - _RETRY):
            return await self._refuse(text, "replayed", "")
        problem = await _act(self._desk, addressed.groups, reply.action, addressed.person_id, "sms")
        await self._book.finish(deed, self._clock.now())
        if problem is not None:
            return gsm(problem)
        return _answer(reply.action, await self._book.groups(addressed.groups))

    def _hear_without_database(self, text: Text, reply: Reply | None) -> str:
        known = self._outage.by_phone(text.sender)
        if not known:
            return "This number is not known here."
        if reply is None or reply.code != _OUTAGE_CODE or reply.action != "acknowledge":
            return "The database is away: only 0a, which acknowledges that, can be taken now."
        self._outage.acknowledge(known[0].id, "sms")
        return "Acknowledged: the database is away."

    async def _refuse(self, text: Text, why: str, answer: str) -> str:
        await self._refusals.note("text", why, text.sender)
        return answer


async def _act(desk: GroupDesk, groups: Sequence[int], action: Action, person_id: int, via: Via) -> str | None:
    """The last refusal, if nothing could be done; of many groups, some may have been over."""
    verbs = {"acknowledge": desk.acknowledge, "resolve": desk.resolve, "escalate": desk.escalate}
    refused: Refusal | None = None
    done = 0
    for group_id in groups:
        try:
            await verbs[action](group_id, by=actor_of(person_id), via=via)
            done += 1
        except (Conflict, NotFound) as refusal:
            refused = refusal
    if done or refused is None:
        return None
    return refused.message[:1].upper() + refused.message[1:] + "."


def _can(groups: Sequence[Told]) -> tuple[Action, ...]:
    states = {group.status for group in groups}
    if "firing" in states:
        return ("acknowledge", "resolve", "escalate")
    return ("resolve", "escalate") if "acknowledged" in states else ()


def _answer(action: Action, groups: Sequence[Told]) -> str:
    if len(groups) == 1:
        return f"{DONE[action]}: {shortened(gsm(groups[0].title), 120)}"
    return f"{DONE[action]}: {len(groups)} alert groups"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()[:32]


def _subject(text: Text) -> str:
    return f"reply {text.sender}"
