"""Who somebody is and what they may do."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Literal, Protocol

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.wire import Id, Wire
from jwt_pizza.shop.audit.model import Entry

Role = Literal["diner", "franchisee", "admin", "engineer"]


class RoleGrant(Wire, frozen=True, omit_defaults=True):
    """`object_id` is the franchise of a franchisee, absent in every other role."""

    role: Role
    object_id: int | None = None


class User(Wire, frozen=True):
    id: int
    name: str
    email: str
    roles: tuple[RoleGrant, ...]

    @property
    def is_admin(self) -> bool:
        return any(grant.role == "admin" for grant in self.roles)

    @property
    def operates(self) -> bool:
        """Whether this user may look behind the scenes, start attacks and end them."""
        return any(grant.role in {"admin", "engineer"} for grant in self.roles)

    def runs(self, franchise_id: int) -> bool:
        """Whether this user may manage the franchise."""
        return self.is_admin or RoleGrant(role="franchisee", object_id=franchise_id) in self.roles


class Voucher(msgspec.Struct, frozen=True):
    """Free pizza for life: one a day. `used_on` is the last day (UTC) on which it has paid."""

    id: int
    used_on: date | None

    def pays(self, day: date) -> bool:
        return self.used_on is None or self.used_on < day


class Caller(msgspec.Struct, frozen=True):
    """A user in a live session. `version` grows with every change of the user. `actor`: who it is for other parts: of
    somebody at ops `ops:person:3`, who is no user here."""

    user: User
    session_id: int
    version: int
    voucher: Voucher | None = None
    at_ops: str | None = None

    @property
    def actor(self) -> str:
        return self.at_ops or f"user:{self.user.id}"


def caller_at_ops(actor: str, *, administrator: bool) -> Caller:
    """Somebody who is logged in at ops, and acts here with the rights of a role."""
    role = RoleGrant(role="admin" if administrator else "engineer")
    return Caller(user=User(id=0, name=actor, email="", roles=(role,)), session_id=0, version=0, at_ops=f"ops:{actor}")


class Login(msgspec.Struct, frozen=True):
    """A session that has not ended. `device` is empty for those of before devices were noted."""

    id: int
    device: str
    created_at: datetime
    expires_at: datetime


class SignedIn(Wire, frozen=True):
    user: User
    token: str


class UserPage(Wire, frozen=True):
    users: Sequence[User]
    more: bool


class Claims(msgspec.Struct, frozen=True):
    """What a session token says. `jti` makes two tokens of one second differ."""

    sub: Id
    sid: Id
    iat: int
    exp: int
    jti: str


class Credentials(msgspec.Struct, frozen=True):
    user: User
    password_hash: str


class Limits(msgspec.Struct, frozen=True):
    """`session` and `window` are in seconds."""

    shortest_password: int
    session: float
    window: float
    failures_per_account: int
    failures_per_address: int


class Accounts(Protocol):
    """The port to stored accounts."""

    async def add(self, name: str, email: str, password_hash: str, at: datetime) -> User: ...
    async def credentials(self, email: str) -> Credentials | None: ...
    async def get(self, user_id: int) -> User | None: ...
    async def change(
        self,
        user_id: int,
        *,
        name: str | None,
        email: str | None,
        password_hash: str | None,
        keep: int | None,
        at: datetime,
        entry: Entry | None = None,
    ) -> User: ...
    async def delete(self, user_id: int, at: datetime, entry: Entry | None = None) -> bool: ...
    async def appoint(self, user_id: int, role: Role, franchise_id: int | None, entry: Entry) -> None: ...
    async def dismiss(self, user_id: int, role: Role, franchise_id: int | None, entry: Entry) -> None: ...
    async def page(self, name: str, *, skip: int, take: int) -> Sequence[User]: ...
    async def open_session(self, user_id: int, at: datetime, expires_at: datetime, device: str) -> int: ...
    async def logins(self, user_id: int, at: datetime) -> Sequence[Login]:
        """The newest first."""
        ...

    async def end_login(self, user_id: int, session_id: int, at: datetime) -> None: ...
    async def end_other_logins(self, user_id: int, keep: int, at: datetime) -> None: ...
    async def prolong_session(self, session_id: int, expires_at: datetime) -> None: ...
    async def end_session(self, session_id: int, at: datetime) -> None: ...
    async def live(self, session_id: int) -> Caller | None: ...


class Throttle(Protocol):
    """The port to the count of failed logins, shared by all processes."""

    async def failures(self, subjects: Sequence[str], at: datetime) -> Sequence[tuple[int, datetime]]:
        """Each subject's failures in its window, and the window's end."""
        ...

    async def charge(self, subjects: Sequence[str], at: datetime, ends_at: datetime) -> None:
        """One more failure of each subject; a subject without an open window gets one until `ends_at`."""
        ...

    async def clear(self, subject: str) -> None: ...


class Attendances(Protocol):
    """The port to who was seen when."""

    async def note(self, user_ids: Sequence[int], at: datetime, since: datetime) -> int:
        """They were seen at that moment. How many were since `since`; who was not is forgotten."""
        ...


class Passwords(Protocol):
    def place(self) -> AbstractAsyncContextManager[None]:
        """To wait for a turn and to have it; raises Unavailable when too many do."""
        ...

    def turn(self) -> AbstractAsyncContextManager[None]:
        """What is done with passwords is done in turn, by those who have a place."""
        ...

    async def hash(self, password: str) -> str: ...
    async def matches(self, hashed: str | None, password: str) -> bool: ...


class Seal(Protocol):
    """Signs what only this system reads."""

    def sign(self, payload: bytes) -> str: ...
    def check(self, token: str) -> bytes: ...


def name_of(value: str) -> str:
    return text.line(value, "name", most=100)
