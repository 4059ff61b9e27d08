"""Log in to ops and out of it. The accounts are ops' own: see docs/decisions/0013-accounts-of-ops.md."""

import secrets
from datetime import timedelta
from math import ceil

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, NotFound, TooMany, Unauthorized
from jwt_pizza.ops.people.model import Limits, Passwords, PeopleBook, Person, SessionBook, Throttle, token_hash


class Door:
    def __init__(
        self,
        book: PeopleBook,
        sessions: SessionBook,
        throttle: Throttle,
        passwords: Passwords,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._book = book
        self._sessions = sessions
        self._throttle = throttle
        self._passwords = passwords
        self._limits = limits
        self._clock = clock

    async def log_in(self, email: str | None, password: str | None, address: str) -> tuple[Person, str]:
        """The person and a token. `address` is the client's. Raises NotFound for an unknown address and a wrong
        password alike, in equal time."""
        if not email or not password or not email.strip():
            raise Invalid("email and password are required")
        if len(email) > 254 or len(password) > text.LONGEST_PASSWORD or "\0" in email:
            raise NotFound("unknown user")
        key = text.email_key(email.strip())
        subjects = (f"login account:{key}", f"login address:{address}")
        await self._failures(subjects)
        async with self._passwords.turn():
            # Again, now that it is this attempt's turn: it sees the failures of those before it.
            failed_before = await self._failures(subjects)
            found = await self._book.credentials(key)
            if not await self._passwords.matches(found.password_hash if found else None, password) or found is None:
                now = self._clock.now()
                await self._throttle.charge(subjects, now, now + timedelta(seconds=self._limits.window))
                raise NotFound("unknown user")
        if failed_before:
            await self._throttle.clear(subjects[0])
        return found.person, await self.open(found.person.id)

    async def open(self, person_id: int) -> str:
        """The token of a new session. Only its hash is stored."""
        token = secrets.token_urlsafe(32)
        expires_at = self._clock.now() + timedelta(seconds=self._limits.session)
        await self._sessions.open(token_hash(token), person_id, expires_at)
        return token

    async def identify(self, token: str) -> Person:
        """Raises Unauthorized."""
        person = await self._sessions.person(token_hash(token), self._clock.now())
        if person is None:
            raise Unauthorized
        return person

    async def log_out(self, token: str) -> None:
        await self._sessions.end(token_hash(token))

    async def _failures(self, subjects: tuple[str, str]) -> int:
        """The account's failures in this window; raises TooMany when it or the address had its share."""
        now = self._clock.now()
        counts = await self._throttle.counts(subjects, now)
        most = (self._limits.failures_per_account, self._limits.failures_per_address)
        for (failures, ends_at), limit in zip(counts, most, strict=True):
            if failures >= limit:
                wait = max(1, ceil((ends_at - now).total_seconds()))
                raise TooMany("too many failed logins, please try again later", retry_after=wait)
        return counts[0][0]
