"""On call in the demo: one engineer, team and schedule, and the chain of the incident. Only for an empty roster."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.chains.editing import usual
from jwt_pizza.ops.chains.model import Draft
from jwt_pizza.ops.chains.store import PostgresChains
from jwt_pizza.ops.events.model import SYSTEM
from jwt_pizza.ops.people.contact_store import PostgresContacts
from jwt_pizza.ops.people.model import Channel, code_hash
from jwt_pizza.ops.people.model import Draft as PersonDraft
from jwt_pizza.ops.people.store import PostgresPeople
from jwt_pizza.ops.routing.matching import Matcher
from jwt_pizza.ops.routing.model import RoutePlan
from jwt_pizza.ops.routing.store import PostgresRouting
from jwt_pizza.ops.schedules.model import Draft as ScheduleDraft
from jwt_pizza.ops.schedules.rotation import Rotation
from jwt_pizza.ops.schedules.store import PostgresSchedules

NAME: Final = "on-call engineer"
EMAIL: Final = "oncall@jwt.com"
PASSWORD: Final = "oncall"  # noqa: S105 - it is the demo's, and says so
PHONE: Final = "+12025550142"
"""Of the numbers that are kept for fiction."""


OURS: Final = "shop and factory"
WAYS: Final[tuple[Channel, ...]] = ("sms", "email")


async def seed(postgres: Postgres, clock: Clock, *, reached_by: Sequence[Channel] = WAYS) -> bool:
    """Whether there was anything to do. Killed half-way it goes on where it stopped: the default route is its mark.
    `reached_by`: the contacts that the engineer has."""
    routing = PostgresRouting(postgres)
    default = next(route for route in await routing.routes() if route.is_default)
    if default.chain_id is not None:
        return False
    now = clock.now()
    book = PostgresPeople(postgres, clock)
    roster = await book.roster()
    known = next((found.person for found in roster.people.values() if found.person.email == EMAIL), None)
    if known is None:
        passwords = Passwords()
        hashed = await passwords.hash(PASSWORD)
        passwords.close()
        person = PersonDraft(name=NAME, email=EMAIL, password_hash=hashed, role="manager", time_zone="UTC")
        known = await book.add(person, by=SYSTEM, at=now)
    contacts = PostgresContacts(postgres)
    ways = [(channel, PHONE if channel == "sms" else EMAIL) for channel in reached_by]
    have = {contact.address for contact in roster.people[known.id].contacts} if known.id in roster.people else set()
    for channel, address in ways:
        if address not in have:
            contact = await contacts.add(known.id, channel, address, by=SYSTEM, at=now)
            proof = code_hash(contact.id, secrets.token_urlsafe())
            await contacts.put_code(contact.id, proof, now + timedelta(minutes=1))
            await contacts.use_code(contact.id, proof, 1, by=SYSTEM, at=now)
    team = next((team.id for team in roster.teams.values()), None)
    if team is None:
        team = (await book.add_team("Pizza", [known.id], by=SYSTEM, at=now)).id
    schedules = PostgresSchedules(postgres)
    schedule = next((found.id for found in await schedules.all(now)), None)
    if schedule is None:
        monday = (now - timedelta(days=now.weekday())).date()
        turns = Rotation(unit="week", starts=f"{monday}T09:00", people=(known.id,), name="week by week")
        draft = ScheduleDraft(
            team_id=team, name="Pizza, day and night", time_zone="UTC", layers=(turns,), calendar_url=None
        )
        schedule = await schedules.add(draft, by=SYSTEM, at=now)
    chains = PostgresChains(postgres)
    chain = next((found.id for found in await chains.all()), None)
    if chain is None:
        until_answered = Draft(team_id=team, name="Until somebody answers", steps=usual(schedule, team))
        chain = (await chains.add(until_answered, by=SYSTEM, at=now)).id
    if all(route.name != OURS for route in await routing.routes()):
        # What goes wrong in one of our services shows in several ways, and is one thing to page for.
        ours = Matcher(label="service", op="=~", value="shop|factory")
        together = RoutePlan(name=OURS, matchers=(ours,), group_by=["service"], chain_id=chain)
        await routing.add_route(together, by=SYSTEM, at=now)
    plan = RoutePlan(name=default.name, matchers=default.matchers, group_by=default.group_by, chain_id=chain)
    await routing.change_route(default.id, plan, by=SYSTEM, at=now)
    return True
