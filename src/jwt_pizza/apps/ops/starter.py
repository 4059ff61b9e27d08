"""What the one-command run begins with: somebody on call, one team, one schedule, the incident's chain."""

from datetime import timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.chains.model import AnyStep, Draft, GoToStep, NotifyOnCall, NotifyTeam, Wait
from jwt_pizza.ops.chains.store import PostgresChains
from jwt_pizza.ops.events.model import SYSTEM
from jwt_pizza.ops.people.contact_store import PostgresContacts
from jwt_pizza.ops.people.model import Channel, Limits, code_hash, new_code
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.people.store import PostgresPeople
from jwt_pizza.ops.routing.model import RoutePlan
from jwt_pizza.ops.routing.store import PostgresRouting
from jwt_pizza.ops.schedules import model as schedules
from jwt_pizza.ops.schedules.rotation import Rotation
from jwt_pizza.ops.schedules.store import PostgresSchedules

EMAIL, PASSWORD = "oncall@jwt.com", "oncall"
_CONTACTS: Final[tuple[tuple[Channel, str], ...]] = (("sms", "+12025550100"), ("email", EMAIL))
"""The number is one that nobody has."""


async def settle(postgres: Postgres, clock: Clock) -> None:
    """For a roster that is empty; any other is left as it is."""
    people = PostgresPeople(postgres, clock)
    if await people.anybody():
        return
    passwords = Passwords()
    try:
        desk = PeopleDesk(people, passwords, Limits(shortest_password=1), clock)
        engineer = await desk.add_first(name="On-call engineer", email=EMAIL, password=PASSWORD)
        team = await desk.add_team(engineer, "Pizza", [engineer.id])
    finally:
        passwords.close()
    at = clock.now()
    contacts = PostgresContacts(postgres)
    for channel, address in _CONTACTS:
        contact = await contacts.add(engineer.id, channel, address, by=SYSTEM, at=at)
        proof = code_hash(contact.id, new_code())
        await contacts.put_code(contact.id, proof, at + timedelta(minutes=1))
        await contacts.use_code(contact.id, proof, 1, by=SYSTEM, at=at)
    turns = Rotation(unit="week", starts=f"{at:%Y-%m-%d}T00:00", people=(engineer.id,), name="weekly")
    schedule = await PostgresSchedules(postgres).add(
        schedules.Draft(team_id=team.id, name="On call", time_zone="UTC", layers=(turns,), calendar_url=None),
        by=SYSTEM,
        at=at,
    )
    draft = Draft(team_id=team.id, name="Incident", steps=incident_chain(schedule, team.id))
    chain = await PostgresChains(postgres).add(draft, by=SYSTEM, at=at)
    routing = PostgresRouting(postgres)
    default = (await routing.routes())[-1]
    plan = RoutePlan(name=default.name, matchers=default.matchers, group_by=default.group_by, chain_id=chain.id)
    await routing.change_route(default.id, plan, by=SYSTEM, at=at)


def incident_chain(schedule_id: int, team_id: int) -> tuple[AnyStep, ...]:
    """Who is on call; after five minutes again, as important; after five more the team; from the beginning."""
    return (
        NotifyOnCall(schedule_id=schedule_id),
        Wait(seconds=300.0),
        NotifyOnCall(schedule_id=schedule_id, importance="important"),
        Wait(seconds=300.0),
        NotifyTeam(team_id=team_id, importance="important"),
        Wait(seconds=300.0),
        GoToStep(step=0),
    )
