"""Send what is due."""

import asyncio
from datetime import timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, Unavailable
from jwt_pizza.shop.letters.model import Letter, Letters, Post

_AT_A_TIME: Final = 16
"""Twice the lines to the mail server (kit/mail.py): so the last of them has begun before one deadline has passed."""
_FIRST_RETRY: Final = 15.0
_TRIES: Final = 8


class Postman:
    """Sends the letters that are due. Killed between sending and saying so, it sends one again, under the same
    Message-ID, by which mail programs know it for the same."""

    def __init__(self, letters: Letters, post: Post, clock: Clock, *, claim: float) -> None:
        """`claim`: seconds after which a letter whose process died is another's to send."""
        self._claim = timedelta(seconds=claim)
        self._letters = letters
        self._post = post
        self._clock = clock

    async def step(self) -> int:
        """How many were sent."""
        total = 0
        while True:
            now = self._clock.now()
            letters = await self._letters.claim(now, now + self._claim, take=_AT_A_TIME)
            if not letters:
                return total
            gone = [letter.message_id for letter in letters if letter.email is None]
            if gone:
                await self._letters.void(gone)
            results = await asyncio.gather(*(self._send(letter) for letter in letters if letter.email is not None))
            sent = [message_id for message_id in results if message_id is not None]
            if sent:
                await self._letters.sent(sent, self._clock.now())
            total += len(sent)

    async def _send(self, letter: Letter) -> str | None:
        try:
            await self._post.deliver(letter)
        except Unavailable as refusal:
            if letter.attempts >= _TRIES:
                await self._letters.give_up(letter.message_id, refusal.message)
            else:
                pause = timedelta(seconds=_FIRST_RETRY * 2 ** (letter.attempts - 1))
                await self._letters.postpone(letter.message_id, self._clock.now() + pause, refusal.message)
            return None
        except Invalid as refusal:
            await self._letters.give_up(letter.message_id, refusal.message)
            return None
        return letter.message_id
