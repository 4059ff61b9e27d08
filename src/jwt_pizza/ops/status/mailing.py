"""Sends subscribers what is due: at least once, under the same Message-ID each time."""

import asyncio
from datetime import UTC, timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit.mail import Mail, Mailer
from jwt_pizza.ops.status.press import HOME
from jwt_pizza.ops.status.subscribers import Letter, Seals, SubscriberBook

_AT_A_TIME: Final = 40
_CLAIM: Final = timedelta(seconds=30)
_FIRST_RETRY: Final = 15.0
_TRIES: Final = 8


class Postman:
    def __init__(
        self, book: SubscriberBook, seals: Seals, mailer: Mailer, clock: Clock, *, address: str, name: str
    ) -> None:
        self._book = book
        self._seals = seals
        self._mailer = mailer
        self._clock = clock
        self._address = address.rstrip("/")
        self._name = name

    async def step(self) -> int:
        """How many were sent."""
        total = 0
        while True:
            now = self._clock.now()
            letters = await self._book.claim(now, now + _CLAIM, take=_AT_A_TIME)
            if not letters:
                return total
            results = await asyncio.gather(*(self._send(letter) for letter in letters))
            sent = [message_id for message_id in results if message_id is not None]
            if sent:
                await self._book.sent(sent, self._clock.now())
            total += len(sent)

    async def _send(self, letter: Letter) -> str | None:
        try:
            await self._mailer.post(await self._mail(letter))
        except Unavailable as refusal:
            again = letter.attempts < _TRIES
            pause = timedelta(seconds=_FIRST_RETRY * 2 ** (letter.attempts - 1))
            until = self._clock.now() + pause if again else None
            await self._book.postpone(letter.message_id, until, refusal.message)
            return None
        return letter.message_id

    async def _mail(self, letter: Letter) -> Mail:
        end = await self._link("end", letter)
        headers = {"List-Unsubscribe": f"<{end}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        if letter.kind == "confirm":
            subject = f"Confirm: updates of {self._name}"
            link = await self._link("confirm", letter)
            body = (
                f"Somebody, hopefully you, wants updates of {self._name} at this address.\n\n"
                f"Confirm within two days:\n{link}\n\n"
                "If it was not you, do nothing: you get no further mail, and the address is forgotten.\n"
            )
            headers = {}
        elif letter.kind == "known":
            subject = f"You get updates of {self._name}"
            body = (
                f"Somebody, hopefully you, asked for updates of {self._name} at this address. You get them already.\n\n"
                f"To end it:\n{end}\n"
            )
        else:
            subject = f"[{letter.status.capitalize()}] {letter.title}"
            when = f"{letter.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC\n\n" if letter.at else ""
            body = (
                f"{when}{letter.text}\n\n{self._address}{HOME}/incidents/{letter.incident_id}\n\n-- \n"
                f"You get this because you subscribed to updates of {self._name}. To end it:\n{end}\n"
            )
        return Mail(to=letter.address, subject=subject, text=body, id=letter.message_id, headers=headers)

    async def _link(self, purpose: str, letter: Letter) -> str:
        token = await self._seals.token("confirm" if purpose == "confirm" else "end", letter.subscriber_id)
        return f"{self._address}{HOME}/subscription/{purpose}?token={token}"
