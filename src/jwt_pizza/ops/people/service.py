"""Who is in the roster, and in which teams."""

import secrets
from collections.abc import Sequence

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from jwt_pizza.kernel.wallclock import zone_of
from jwt_pizza.ops.events.model import SYSTEM, actor_of
from jwt_pizza.ops.people.model import (
    Change,
    Draft,
    Limits,
    Naming,
    Passwords,
    PeopleBook,
    Person,
    Reachable,
    Role,
    Roster,
    Team,
    token_hash,
)

_MOST_NAMED = 10


class PeopleDesk:
    def __init__(self, book: PeopleBook, passwords: Passwords, limits: Limits, clock: Clock) -> None:
        self._book = book
        self._passwords = passwords
        self._limits = limits
        self._clock = clock

    async def roster(self) -> Roster:
        return await self._book.roster()

    async def show(self, caller: Person, person_id: int) -> Reachable:
        """With contacts and rules; only for themselves and for managers: an Apprise URL holds secrets."""
        allow(caller, person_id)
        found = (await self._book.roster()).people.get(person_id)
        if found is None or found.person.operates:
            raise NotFound("unknown person")
        return found

    async def add(
        self,
        caller: Person,
        *,
        name: str,
        email: str | None,
        password: str | None,
        role: Role = "responder",
        time_zone: str = "UTC",
    ) -> Person:
        must_manage(caller)
        return await self._add(name, email, password, role, time_zone, by=actor_of(caller.id))

    async def add_first(self, *, name: str, email: str, password: str, time_zone: str = "UTC") -> Person:
        """A manager, where there is nobody who could let them in. Raises Conflict when there is."""
        if await self._book.anybody():
            raise Conflict("there are people already: a manager adds further ones")
        return await self._add(name, email, password, "manager", time_zone, by=SYSTEM)

    async def change(
        self,
        caller: Person,
        person_id: int,
        *,
        token: str,
        name: str | None = None,
        email: str | None = None,
        password: str | None = None,
        role: Role | None = None,
        time_zone: str | None = None,
    ) -> Person:
        """`token` is the caller's session, which a new password of their own does not end."""
        allow(caller, person_id)
        if role is not None and role != caller.role:
            must_manage(caller)
        change = Change(
            name=None if name is None else text.line(name, "name", most=100),
            email=None if email is None else text.email(email),
            password_hash=None if password is None else await self._hash(password),
            role=role,
            time_zone=None if time_zone is None else zone_of(time_zone).key,
            keep=token_hash(token) if caller.id == person_id else None,
        )
        return await self._book.change(person_id, change, by=actor_of(caller.id), at=self._clock.now())

    async def remove(self, caller: Person, person_id: int) -> None:
        """Raises Conflict that says which schedules, chains and teams still name them."""
        must_manage(caller)
        _refuse_named("the person is", await self._book.remove(person_id, by=actor_of(caller.id), at=self._clock.now()))

    async def feed_token(self, caller: Person, person_id: int) -> str:
        allow(caller, person_id)
        return await self._book.feed_token(person_id)

    async def new_feed_token(self, caller: Person, person_id: int) -> str:
        allow(caller, person_id)
        token = secrets.token_urlsafe(24)
        await self._book.new_feed_token(person_id, token, by=actor_of(caller.id), at=self._clock.now())
        return token

    async def add_team(self, caller: Person, name: str, members: Sequence[int]) -> Team:
        must_manage(caller)
        name = text.line(name, "name", most=100)
        return await self._book.add_team(name, once(members), by=actor_of(caller.id), at=self._clock.now())

    async def change_team(self, caller: Person, team_id: int, name: str | None, members: Sequence[int] | None) -> Team:
        must_manage(caller)
        name = None if name is None else text.line(name, "name", most=100)
        members = None if members is None else once(members)
        return await self._book.change_team(team_id, name, members, by=actor_of(caller.id), at=self._clock.now())

    async def remove_team(self, caller: Person, team_id: int) -> None:
        must_manage(caller)
        _refuse_named(
            "the team is", await self._book.remove_team(team_id, by=actor_of(caller.id), at=self._clock.now())
        )

    async def _add(
        self, name: str, email: str | None, password: str | None, role: Role, time_zone: str, *, by: str
    ) -> Person:
        if password is not None and email is None:
            raise Invalid("a password needs an email to log in with")
        draft = Draft(
            name=text.line(name, "name", most=100),
            email=None if email is None else text.email(email),
            password_hash=None if password is None else await self._hash(password),
            role=role,
            time_zone=zone_of(time_zone).key,
        )
        return await self._book.add(draft, by=by, at=self._clock.now())

    async def _hash(self, password: str) -> str:
        return await self._passwords.hash(text.password(password, self._limits.shortest_password))


def allow(caller: Person, person_id: int) -> None:
    """Themselves, and managers."""
    if caller.id != person_id and not caller.manages:
        raise Forbidden("only a manager may do this for somebody else")


def must_manage(caller: Person) -> None:
    if not caller.manages:
        raise Forbidden("only a manager may do this")


def once(ids: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(ids))


def _refuse_named(whose: str, naming: Sequence[Naming]) -> None:
    if naming:
        listed = ", ".join(f"{what.kind} {what.name}" for what in naming[:_MOST_NAMED])
        more = f" and {len(naming) - _MOST_NAMED} more" if len(naming) > _MOST_NAMED else ""
        raise Conflict(f"{whose} still named by {listed}{more}: take it out there first")
