"""Register, log in, log out, and everything that users do with their accounts."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from math import ceil
from typing import Final, TypeVar

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unauthorized
from jwt_pizza.shop.accounts.model import (
    Accounts,
    Caller,
    Claims,
    Credentials,
    Limits,
    Login,
    Passwords,
    Role,
    Seal,
    SignedIn,
    Throttle,
    User,
    UserPage,
    name_of,
)
from jwt_pizza.shop.audit.model import Entry, Verb

Key = TypeVar("Key")
Value = TypeVar("Value")

_REMEMBERED = 4096
_RESULTS: Final[dict[type[Refusal], str]] = {
    NotFound: "wrong",
    TooMany: "limited",
    Invalid: "invalid",
    Conflict: "taken",
}


class Accountant:
    """The verbs on accounts."""

    def __init__(
        self,
        accounts: Accounts,
        throttle: Throttle,
        passwords: Passwords,
        sessions: "Sessions",
        limits: Limits,
        clock: Clock,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`count` gets the result of each attempt to log in or to register."""
        self._count = count
        self._accounts = accounts
        self._throttle = throttle
        self._passwords = passwords
        self._sessions = sessions
        self._limits = limits
        self._clock = clock

    async def register(
        self, name: str | None, email: str | None, password: str | None, *, device: str = ""
    ) -> SignedIn:
        with self._counted("registered"):
            if not name or not email or not password:
                raise Invalid("name, email, and password are required")
            name, email = name_of(name), text.email(email)
            hashed = await self._passwords.hash(text.password(password, self._limits.shortest_password))
            user = await self._accounts.add(name, email, hashed, self._clock.now())
            return SignedIn(user=user, token=await self._sessions.open(user, device))

    async def log_in(self, email: str | None, password: str | None, address: str, *, device: str = "") -> SignedIn:
        """`address` is the client's. Raises NotFound for an unknown user and a wrong password alike, in equal time."""
        with self._counted("success"):
            found = await self._authenticated(email, password, address)
            return SignedIn(user=found.user, token=await self._sessions.open(found.user, device))

    async def confirm(self, caller: Caller, password: str | None, address: str) -> None:
        """That it is still the account's owner who sits there. Raises Forbidden, and counts as a login would."""
        try:
            found = await self._authenticated(caller.user.email, password, address)
        except NotFound:
            raise Forbidden("this is not your password") from None
        if found.user.id != caller.user.id:
            raise Forbidden("this is not your password")

    async def _authenticated(self, email: str | None, password: str | None, address: str) -> Credentials:
        if not email or not password or not email.strip():
            raise Invalid("email and password are required")
        if len(email) > 254 or len(password) > text.LONGEST_PASSWORD or "\0" in email:
            raise NotFound("unknown user")
        key = text.email_key(email.strip())
        subjects = (f"account:{key}", f"address:{address}")
        async with self._passwords.place():
            await self._failures(subjects)
            async with self._passwords.turn():
                # Again, now that it is this attempt's turn: it sees the failures of those before it.
                failed_before = await self._failures(subjects)
                found = await self._accounts.credentials(key)
                if not await self._passwords.matches(found.password_hash if found else None, password) or found is None:
                    now = self._clock.now()
                    await self._throttle.charge(subjects, now, now + timedelta(seconds=self._limits.window))
                    raise NotFound("unknown user")
        if failed_before:
            await self._throttle.clear(subjects[0])
        return found

    async def log_out(self, caller: Caller) -> None:
        await self._accounts.end_session(caller.session_id, self._clock.now())

    async def logins(self, caller: Caller) -> Sequence[Login]:
        return await self._accounts.logins(caller.user.id, self._clock.now())

    async def end_login(self, caller: Caller, session_id: int) -> None:
        await self._accounts.end_login(caller.user.id, session_id, self._clock.now())

    async def end_other_logins(self, caller: Caller) -> None:
        await self._accounts.end_other_logins(caller.user.id, caller.session_id, self._clock.now())

    async def update(
        self, caller: Caller, user_id: int, *, name: str | None, email: str | None, password: str | None
    ) -> SignedIn:
        """Changes what is given. The token is the caller's own, fresh; a new password ends other sessions."""
        if caller.user.id != user_id and not caller.user.is_admin:
            raise Forbidden
        if email is not None:
            email = text.email(email)
        if name is not None:
            name = name_of(name)
        hashed = None
        if password is not None:
            hashed = await self._passwords.hash(text.password(password, self._limits.shortest_password))
        keep = caller.session_id if caller.user.id == user_id else None
        now = self._clock.now()
        entry = None
        if caller.user.id != user_id:
            parts = {"name": name, "email": email, "password": password}
            changed = ", ".join(part for part, value in parts.items() if value is not None)
            entry = Entry(caller.user.id, now, "changed", f"user {user_id}", changed)
        user = await self._accounts.change(
            user_id, name=name, email=email, password_hash=hashed, keep=keep, at=now, entry=entry
        )
        return SignedIn(user=user, token=await self._sessions.prolong(caller))

    async def delete(self, caller: Caller, user_id: int) -> None:
        if caller.user.id != user_id and not caller.user.is_admin:
            raise Forbidden
        now = self._clock.now()
        # What people do to their own accounts is theirs alone.
        entry = None if caller.user.id == user_id else Entry(caller.user.id, now, "deleted", f"user {user_id}")
        if not await self._accounts.delete(user_id, now, entry):
            raise NotFound("unknown user")

    async def get(self, caller: Caller, user_id: int) -> User:
        if not caller.user.is_admin:
            raise Forbidden
        user = await self._accounts.get(user_id)
        if user is None:
            raise NotFound("unknown user")
        return user

    async def appoint(self, caller: Caller, user_id: int, role: Role, franchise_id: int | None) -> None:
        entry = await self._of_role(caller, user_id, "appointed", role, franchise_id)
        await self._accounts.appoint(user_id, role, franchise_id, entry)

    async def dismiss(self, caller: Caller, user_id: int, role: Role, franchise_id: int | None) -> None:
        if caller.user.id == user_id and role == "admin":
            raise Invalid("somebody else must take this role from you, or nobody might be left who can give it back")
        entry = await self._of_role(caller, user_id, "dismissed", role, franchise_id)
        await self._accounts.dismiss(user_id, role, franchise_id, entry)

    async def _of_role(self, caller: Caller, user_id: int, verb: Verb, role: Role, franchise_id: int | None) -> Entry:
        user = await self.get(caller, user_id)
        if (role == "franchisee") != (franchise_id is not None):
            raise Invalid("a franchisee is one of a franchise, and only a franchisee is")
        about = f"as {role} of franchise {franchise_id}" if franchise_id is not None else f"as {role}"
        return Entry(caller.user.id, self._clock.now(), verb, f"user {user.name}", about)

    async def page(self, caller: Caller, *, page: int, limit: int, name: str) -> UserPage:
        """Pages count from 1."""
        if not caller.user.is_admin:
            raise Forbidden
        users = await self._accounts.page(name, skip=(page - 1) * limit, take=limit + 1)
        return UserPage(users=users[:limit], more=len(users) > limit)

    @contextmanager
    def _counted(self, done: str) -> Iterator[None]:
        try:
            yield
        except Refusal as refusal:
            self._count(_RESULTS.get(type(refusal), "unavailable"))
            raise
        self._count(done)

    async def _failures(self, subjects: tuple[str, str]) -> int:
        """The account's failures in this window; raises TooMany when it or the address had its share.

        Attempts under way do not count, or a class that logs in together would lock its account.
        """
        now = self._clock.now()
        counts = await self._throttle.failures(subjects, now)
        most = (self._limits.failures_per_account, self._limits.failures_per_address)
        for (failures, ends_at), limit in zip(counts, most, strict=True):
            if failures >= limit:
                wait = max(1, ceil((ends_at - now).total_seconds()))
                raise TooMany("too many failed logins, please try again later", retry_after=wait)
        return counts[0][0]


class Sessions:
    """Tokens and the sessions behind them. A session that was ended anywhere is dead everywhere at once: every check
    reads the database, and checks that happen together share one read (see `accounts.store`)."""

    def __init__(self, accounts: Accounts, seal: Seal, limits: Limits, clock: Clock) -> None:
        self._accounts = accounts
        self._seal = seal
        self._limits = limits
        self._clock = clock
        self._claims: dict[str, Claims] = {}
        self._callers: dict[int, Caller] = {}
        self.seen: set[int] = set()
        """Users since somebody last looked, and emptied it."""

    async def open(self, user: User, device: str = "") -> str:
        now = self._clock.now()
        expires_at = now + timedelta(seconds=self._limits.session)
        session_id = await self._accounts.open_session(user.id, now, expires_at, device)
        return self.token(user.id, session_id)

    async def prolong(self, caller: Caller) -> str:
        """A fresh token of the same session, which lives as long as the token."""
        expires_at = self._clock.now() + timedelta(seconds=self._limits.session)
        await self._accounts.prolong_session(caller.session_id, expires_at)
        return self.token(caller.user.id, caller.session_id)

    def token(self, user_id: int, session_id: int) -> str:
        now = int(self._clock.now().timestamp())
        claims = Claims(
            sub=user_id, sid=session_id, iat=now, exp=now + int(self._limits.session), jti=secrets.token_urlsafe(6)
        )
        return self._seal.sign(msgspec.json.encode(claims))

    async def identify(self, token: str) -> Caller:
        """The user of a live session, as of now; raises Unauthorized."""
        claims = self._read(token)
        caller = await self._accounts.live(claims.sid)
        if caller is None or caller.user.id != claims.sub:
            self._callers.pop(claims.sid, None)
            raise Unauthorized
        _remember(self._callers, claims.sid, caller)
        self.seen.add(caller.user.id)
        return caller

    async def recall(self, token: str) -> Caller:
        """The user as last seen. Only for work whose commit checks that session and version still hold."""
        caller = self._callers.get(self._read(token).sid)
        if caller is None:
            return await self.identify(token)
        self.seen.add(caller.user.id)
        return caller

    def _read(self, token: str) -> Claims:
        claims = self._claims.get(token)
        if claims is None:
            try:
                claims = msgspec.json.decode(self._seal.check(token), type=Claims)
            except (ValueError, msgspec.MsgspecError) as error:
                raise Unauthorized from error
            _remember(self._claims, token, claims)
        if claims.exp <= self._clock.now().timestamp():
            raise Unauthorized
        return claims


def _remember(memory: dict[Key, Value], key: Key, value: Value) -> None:
    memory.pop(key, None)
    if len(memory) >= _REMEMBERED:
        del memory[next(iter(memory))]
    memory[key] = value
