"""How somebody is reached: addresses that were shown to be theirs, and the order in which they are tried."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Invalid, TooMany
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import (
    Channel,
    Contact,
    ContactBook,
    Courier,
    Limits,
    NotificationRule,
    Person,
    Throttle,
    code_hash,
    new_code,
    phone_of,
)
from jwt_pizza.ops.people.service import allow

_SUBJECT: Final = "JWT Pizza on-call: your code"
_LETTER: Final = "{code} is your code: it shows that pages of JWT Pizza reach you. It works for {minutes:g} minutes."


class ContactDesk:
    def __init__(
        self,
        book: ContactBook,
        throttle: Throttle,
        courier: Courier,
        apprise: Callable[[str], Awaitable[bool]],
        limits: Limits,
        clock: Clock,
    ) -> None:
        """`apprise` knows whether it understands a URL."""
        self._book = book
        self._throttle = throttle
        self._courier = courier
        self._apprise = apprise
        self._limits = limits
        self._clock = clock

    async def add(self, caller: Person, person_id: int, channel: Channel, address: str) -> Contact:
        """Not paged before it is verified: see `send_code`."""
        allow(caller, person_id)
        checked = await self._checked(channel, address)
        return await self._book.add(person_id, channel, checked, by=actor_of(caller.id), at=self._clock.now())

    async def remove(self, caller: Person, contact_id: int) -> None:
        await self._of(caller, contact_id)
        await self._book.remove(contact_id, by=actor_of(caller.id), at=self._clock.now())

    async def send_code(self, caller: Person, contact_id: int) -> None:
        """A new code goes there and replaces the one before. Raises TooMany: somebody else's phone may be at stake."""
        contact = await self._of(caller, contact_id)
        if contact.verified:
            raise Conflict("this contact is verified already")
        if contact.opted_out:
            raise Conflict("this number has opted out of messages: send START from it first")
        await self._charge(f"code person:{caller.id}", self._limits.codes_per_person)
        await self._charge(f"code {contact.channel}:{contact.address}", self._limits.codes_per_address)
        code = new_code()
        expires_at = self._clock.now() + timedelta(seconds=self._limits.code)
        await self._book.put_code(contact_id, code_hash(contact_id, code), expires_at)
        letter = _LETTER.format(code=code, minutes=self._limits.code / 60)
        await self._courier.send(contact.channel, contact.address, _SUBJECT, letter)

    async def verify(self, caller: Person, contact_id: int, code: str) -> Contact:
        """Raises Invalid for a wrong, used, expired or too often tried code alike."""
        contact = await self._of(caller, contact_id)
        if contact.verified:
            return contact
        used = await self._book.use_code(
            contact_id,
            code_hash(contact_id, code.strip()),
            self._limits.tries_per_code,
            by=actor_of(caller.id),
            at=self._clock.now(),
        )
        if not used:
            raise Invalid("this code is wrong or too old: check it, or have a new one sent")
        return await self._book.get(contact_id)

    async def set_rules(
        self,
        caller: Person,
        person_id: int,
        default: Sequence[NotificationRule],
        important: Sequence[NotificationRule],
    ) -> None:
        allow(caller, person_id)
        await self._book.set_rules(person_id, default, important, by=actor_of(caller.id), at=self._clock.now())

    async def _of(self, caller: Person, contact_id: int) -> Contact:
        contact = await self._book.get(contact_id)
        allow(caller, contact.person_id)
        return contact

    async def _checked(self, channel: Channel, address: str) -> str:
        if channel == "sms":
            return phone_of(address)
        if channel == "email":
            return text.email(address)
        url = text.line(address, "address", most=1000)
        if not await self._apprise(url):
            raise Invalid("address must be an Apprise URL, as in ntfys://ntfy.example/topic")
        return url

    async def _charge(self, subject: str, most: int) -> None:
        now = self._clock.now()
        ends_at = now + timedelta(seconds=self._limits.codes_window)
        # Counted before anything is sent: requests in parallel get no more than their share.
        [(count, ends_at)] = await self._throttle.charge([subject], now, ends_at)
        if count > most:
            wait = max(1, round((ends_at - now).total_seconds()))
            raise TooMany("too many codes were sent, please try again later", retry_after=wait)
