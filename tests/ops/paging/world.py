"""A roster in memory, groups in PostgreSQL, and the pager between them and whoever takes the messages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.alerts.groups import PostgresGroups
from jwt_pizza.ops.alerts.service import GroupDesk
from jwt_pizza.ops.channels.model import Handed, Message, NotHanded
from jwt_pizza.ops.events.model import AnyFact
from jwt_pizza.ops.events.store import PostgresEvents
from jwt_pizza.ops.paging.links import Seal
from jwt_pizza.ops.paging.sender import Sender
from jwt_pizza.ops.paging.service import Escalator
from jwt_pizza.ops.paging.store import PostgresEscalations, PostgresOutbox
from jwt_pizza.ops.people.model import Contact, NotificationRule, Person, Reachable, Roster, Team
from tests.clocks import HandClock

START = HandClock().now()
TEAM, SCHEDULE = 1, 1
INCIDENT: list[dict[str, Any]] = [
    {"kind": "notify-on-call", "scheduleId": SCHEDULE},
    {"kind": "wait", "seconds": 300},
    {"kind": "notify-on-call", "scheduleId": SCHEDULE, "importance": "important"},
    {"kind": "wait", "seconds": 300},
    {"kind": "notify-team", "teamId": TEAM, "importance": "important"},
    {"kind": "wait", "seconds": 300},
    {"kind": "go-to-step", "step": 0},
]


def someone(
    number: int,
    *contacts: Contact,
    default: Sequence[NotificationRule] = (),
    important: Sequence[NotificationRule] = (),
) -> Reachable:
    person = Person(number, f"Person {number}", None, "responder", "UTC")
    return Reachable(person, contacts, tuple(default), tuple(important))


def phone(person: int, number: int = 0, *, verified: bool = True) -> Contact:
    return Contact(person * 10 + number, person, "sms", f"+1555{person:04d}{number:03d}", verified, False)


def mail(person: int) -> Contact:
    return Contact(person * 10 + 9, person, "email", f"person{person}@example.com", True, False)


@dataclass
class Book:
    """The ports to people and schedules."""

    people: dict[int, Reachable]
    teams: dict[int, Team]
    shifts: dict[int, Sequence[int]]

    async def roster(self) -> Roster:
        return Roster(self.people, self.teams)

    async def by_phone(self, address: str) -> Sequence[Person]:
        return [
            each.person
            for each in self.people.values()
            if any(contact.address == address and contact.verified for contact in each.contacts)
        ]

    async def opt_out(self, address: str, *, out: bool) -> int:
        found = 0
        for number, each in self.people.items():
            contacts = tuple(
                msgspec.structs.replace(contact, opted_out=out) if contact.address == address else contact
                for contact in each.contacts
            )
            found += sum(contact.address == address for contact in contacts)
            self.people[number] = msgspec.structs.replace(each, contacts=contacts)
        return found

    async def on_call(self, schedule_id: int, at: datetime) -> Sequence[int]:
        return self.shifts.get(schedule_id, ())

    async def all_on_call(self, at: datetime) -> Mapping[int, Sequence[int]]:
        return self.shifts


def book() -> Book:
    people = {number: someone(number, phone(number)) for number in (1, 2, 3)}
    return Book(people, {TEAM: Team(TEAM, "Pizza", (1, 2))}, {SCHEDULE: (1,)})


@dataclass
class Taken:
    at: float
    channel: str
    address: str
    message: Message


@dataclass
class Recorder:
    """A channel that takes everything, or what `fails` does not refuse; times in seconds after the start."""

    clock: HandClock
    taken: list[Taken] = field(default_factory=list)
    fails: Callable[[str, str], NotHanded | None] = lambda _channel, _address: None
    confirms: bool = False

    async def send(self, channel: str, address: str, message: Message) -> Handed:
        failure = self.fails(channel, address)
        if failure is not None:
            raise failure
        self.taken.append(Taken(self.clock.monotonic(), channel, address, message))
        return Handed(provider="recorder", provider_id=f"r{len(self.taken)}", confirms=self.confirms)

    @property
    def times(self) -> list[float]:
        return [each.at for each in self.taken]

    @property
    def texts(self) -> list[str]:
        return [each.message.text for each in self.taken]


class Pager:
    """One process's engine."""

    def __init__(self, world: "World", channel: Any = None) -> None:
        self.escalator = Escalator(
            PostgresEscalations(world.postgres), world.book, world.book, world.desk, world.clock, failed=world.failed
        )
        self.outbox = PostgresOutbox(world.postgres)
        self.sender = Sender(self.outbox, channel or world.channel, world.book, world.seal, world.clock)

    async def step(self) -> None:
        await self.escalator.step()
        await self.sender.step()


class World:
    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres
        self.clock = HandClock()
        self.book = book()
        self.desk = GroupDesk(PostgresGroups(postgres), PostgresEvents(postgres), self.clock)
        self.channel = Recorder(self.clock)
        self.seal = Seal(lambda: b"secret", "http://ops.example")
        self.failures: list[tuple[int, Exception]] = []
        self.pager = Pager(self)
        self.team_id = 0

    def failed(self, group_id: int, error: Exception) -> None:
        self.failures.append((group_id, error))

    async def chain(self, steps: Sequence[Mapping[str, Any]] = tuple(INCIDENT), name: str = "incident") -> int:
        if not self.team_id:
            self.team_id = await self.value("INSERT INTO ops.teams (name) VALUES ('Pagers') RETURNING id")
            self.book.teams[self.team_id] = Team(self.team_id, "Pagers", (1, 2))
        text = msgspec.json.encode(steps).decode()
        return int(
            await self.value(
                "INSERT INTO ops.chains (team_id, name, steps) VALUES ($1, $2, $3) RETURNING id",
                self.team_id,
                name,
                text,
            )
        )

    async def group(
        self, chain_id: int, *, title: str = "Orders fail", severity: str = "critical", key: str = "a"
    ) -> int:
        now = self.clock.now()
        return int(
            await self.value(
                "INSERT INTO ops.groups (key, route_id, chain_id, title, severity, status, firing, opened_at, "
                "last_alert_at, next_action_at) VALUES ($1, 1, $2, $3, $4, 'firing', 1, $5, $5, $5) RETURNING id",
                key,
                chain_id,
                title,
                severity,
                now,
            )
        )

    async def value(self, query: str, *args: object) -> Any:
        return await self.postgres.fetchval("test", query, *args)

    async def rows(self, query: str, *args: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.postgres.fetch("test", query, *args)]

    async def run(self, seconds: float, *, every: float = 1.0) -> None:
        """Lets time pass, with a step of the pager at each tick."""
        until = self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            self.clock.pass_(every)
            await self.pager.step()

    async def facts(self) -> list[AnyFact]:
        events = PostgresEvents(self.postgres)
        later = self.clock.now() + timedelta(days=1)
        return [event.fact for event in await events.between(START - timedelta(days=1), later, take=100_000)]
