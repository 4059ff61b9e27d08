"""Log in by a one-time code that comes by mail."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from jwt_pizza.factory.vendors.model import (
    Codes,
    CodeSent,
    Limits,
    Mail,
    Throttle,
    Vendor,
    Vendors,
    code_hash,
    key_hash,
    new_code,
)
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, NotFound, TooMany, Unauthorized

_LETTER = """Hello {name},

your one-time code for the JWT Pizza Factory is

    {code}

It works once, within {minutes:g} minutes. If you did not ask for it, nothing needs to be done: without this code
nobody gets in.
"""


class LoginDesk:
    def __init__(
        self,
        vendors: Vendors,
        codes: Codes,
        throttle: Throttle,
        mail: Mail,
        limits: Limits,
        clock: Clock,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`count` gets the result of each attempt to log in."""
        self._count = count
        self._vendors = vendors
        self._codes = codes
        self._throttle = throttle
        self._mail = mail
        self._limits = limits
        self._clock = clock

    async def send_code(self, vendor_id: str, address: str) -> CodeSent:
        """Mails a code, which replaces the one before. `address` is the client's."""
        await self._charge(f"code address:{address}", self._limits.attempts_per_address)
        card = await self._vendors.card(vendor_id) if "\0" not in vendor_id else None
        if card is None:
            raise NotFound("Vendor not found")
        if card.email is None:
            raise Invalid("this vendor has no email: set one with PUT /api/vendor")
        await self._charge(f"code vendor:{vendor_id}", self._limits.codes_per_vendor)
        code = new_code()
        expires_at = self._clock.now() + timedelta(seconds=self._limits.code)
        await self._codes.put_code(vendor_id, code_hash(vendor_id, code), expires_at)
        letter = _LETTER.format(name=card.name, code=code, minutes=self._limits.code / 60)
        await self._mail.send(card.email, "Your code for the JWT Pizza Factory", letter)
        return CodeSent(email=card.email)

    async def use_code(self, vendor_id: str, code: str, address: str) -> None:
        """Raises Unauthorized for a wrong, used, expired or too often tried code alike."""
        subject = f"auth address:{address}"
        await self._charge(subject, self._limits.attempts_per_address)
        used = "\0" not in vendor_id and await self._codes.use_code(
            vendor_id, code_hash(vendor_id, code), self._limits.tries_per_code, self._clock.now()
        )
        self._count("success" if used else "wrong")
        if not used:
            raise Unauthorized("Invalid code")
        await self._throttle.pardon([subject])

    async def allow_registration(self, address: str) -> None:
        """Raises TooMany after many registrations from one address."""
        await self._charge(f"register address:{address}", self._limits.attempts_per_address)

    async def open_session(self, vendor_id: str) -> str:
        """The token of a new login to the console."""
        token = secrets.token_urlsafe(32)
        expires_at = self._clock.now() + timedelta(seconds=self._limits.session)
        await self._codes.open_session(key_hash(token), vendor_id, expires_at)
        return token

    async def session(self, token: str | None) -> Vendor | None:
        return await self._codes.session(key_hash(token), self._clock.now()) if token else None

    async def end_session(self, token: str | None) -> None:
        if token:
            await self._codes.end_session(key_hash(token))

    async def _charge(self, subject: str, most: int) -> None:
        now = self._clock.now()
        [(count, ends_at)] = await self._throttle.charge([subject], now, now + timedelta(seconds=self._limits.window))
        if count > most:
            wait = max(1, round((ends_at - now).total_seconds()))
            raise TooMany("too many attempts, please try again later", retry_after=wait)
