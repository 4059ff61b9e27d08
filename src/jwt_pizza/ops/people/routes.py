"""Login, people, teams and contacts over HTTP."""

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from jwt_pizza.kernel.wire import Id, Wire
from jwt_pizza.ops.people.cards import (
    ContactCard,
    PersonCard,
    ReachableCard,
    Rule,
    Rules,
    SignedIn,
    TeamCard,
    contact_card,
    person_card,
    reachable_card,
    team_card,
)
from jwt_pizza.ops.people.contacts import ContactDesk
from jwt_pizza.ops.people.login import Door
from jwt_pizza.ops.people.model import Channel, NotificationRule, Person, Role
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.web.api import BEARER, AnyRequest, Message, PathId, bearer_token, client_address

_Password = Annotated[str, msgspec.Meta(extra_json_schema={"format": "password"})]
_Members = Annotated[tuple[Id, ...], msgspec.Meta(max_length=1000)]


class Login(Wire, frozen=True):
    email: str | None = None
    password: _Password | None = None


class NewPerson(Wire, frozen=True):
    """Without a password they are paged, but cannot log in."""

    name: str
    email: str | None = None
    password: _Password | None = None
    role: Role = "responder"
    time_zone: str = "UTC"


class PersonChange(Wire, frozen=True):
    """What is absent stays."""

    name: str | None = None
    email: str | None = None
    password: _Password | None = None
    role: Role | None = None
    time_zone: str | None = None


class NewTeam(Wire, frozen=True):
    name: str
    members: _Members = ()


class TeamChange(Wire, frozen=True):
    name: str | None = None
    members: _Members | None = None


class NewContact(Wire, frozen=True):
    """`address`: a phone number with its country code, a mail address, or an Apprise URL."""

    channel: Channel
    address: str


class Code(Wire, frozen=True):
    code: Annotated[str, msgspec.Meta(max_length=20)]


@put("/api/auth", summary="Log in")
async def log_in(data: JSONBody[Login], request: AnyRequest, door: Given[Door]) -> SignedIn:
    person, token = await door.log_in(data.email, data.password, client_address(request))
    return SignedIn(person=person_card(person), token=token)


@delete("/api/auth", status_code=200, security=BEARER, summary="Log out")
async def log_out(person: Given[Person], request: AnyRequest, door: Given[Door]) -> Message:  # noqa: ARG001 - 401
    await door.log_out(bearer_token(request))
    return Message("logout successful")


@get("/api/me", security=BEARER, summary="The person who is logged in")
async def me(person: Given[Person]) -> PersonCard:
    return person_card(person)


@get("/api/people", security=BEARER, summary="Everybody in the roster")
async def people(person: Given[Person], people_desk: Given[PeopleDesk]) -> list[PersonCard]:  # noqa: ARG001 - 401
    everybody = (await people_desk.roster()).people.values()
    return [person_card(found.person) for found in everybody if not found.person.operates]


@post("/api/people", status_code=200, security=BEARER, summary="Add somebody")
async def add_person(data: JSONBody[NewPerson], person: Given[Person], people_desk: Given[PeopleDesk]) -> PersonCard:
    added = await people_desk.add(
        person, name=data.name, email=data.email, password=data.password, role=data.role, time_zone=data.time_zone
    )
    return person_card(added)


@get("/api/people/{person_id:int}", security=BEARER, summary="Somebody with contacts and notification rules")
async def show_person(person_id: PathId, person: Given[Person], people_desk: Given[PeopleDesk]) -> ReachableCard:
    return reachable_card(await people_desk.show(person, person_id))


@put("/api/people/{person_id:int}", security=BEARER, summary="Change name, email, password, time zone or role")
async def change_person(
    person_id: PathId,
    data: JSONBody[PersonChange],
    person: Given[Person],
    request: AnyRequest,
    people_desk: Given[PeopleDesk],
) -> PersonCard:
    changed = await people_desk.change(
        person,
        person_id,
        token=bearer_token(request),
        name=data.name,
        email=data.email,
        password=data.password,
        role=data.role,
        time_zone=data.time_zone,
    )
    return person_card(changed)


@delete("/api/people/{person_id:int}", status_code=200, security=BEARER, summary="Remove somebody whom nothing names")
async def remove_person(person_id: PathId, person: Given[Person], people_desk: Given[PeopleDesk]) -> Message:
    await people_desk.remove(person, person_id)
    return Message("person removed")


@put("/api/people/{person_id:int}/rules", security=BEARER, summary="How they are paged: which contact, how soon")
async def set_rules(
    person_id: PathId, data: JSONBody[Rules], person: Given[Person], contact_desk: Given[ContactDesk]
) -> Rules:
    await contact_desk.set_rules(person, person_id, _rules(data.default), _rules(data.important))
    return data


@post("/api/people/{person_id:int}/contacts", status_code=200, security=BEARER, summary="Add a contact")
async def add_contact(
    person_id: PathId, data: JSONBody[NewContact], person: Given[Person], contact_desk: Given[ContactDesk]
) -> ContactCard:
    return contact_card(await contact_desk.add(person, person_id, data.channel, data.address))


@delete("/api/contacts/{contact_id:int}", status_code=200, security=BEARER, summary="Remove a contact and its rules")
async def remove_contact(contact_id: PathId, person: Given[Person], contact_desk: Given[ContactDesk]) -> Message:
    await contact_desk.remove(person, contact_id)
    return Message("contact removed")


@post("/api/contacts/{contact_id:int}/code", status_code=200, security=BEARER, summary="Send a code to a contact")
async def send_code(contact_id: PathId, person: Given[Person], contact_desk: Given[ContactDesk]) -> Message:
    await contact_desk.send_code(person, contact_id)
    return Message("a code was sent")


@post("/api/contacts/{contact_id:int}/verification", status_code=200, security=BEARER, summary="Show that it arrived")
async def verify_contact(
    contact_id: PathId, data: JSONBody[Code], person: Given[Person], contact_desk: Given[ContactDesk]
) -> ContactCard:
    return contact_card(await contact_desk.verify(person, contact_id, data.code))


@get("/api/teams", security=BEARER, summary="Teams and who is in them")
async def teams(person: Given[Person], people_desk: Given[PeopleDesk]) -> list[TeamCard]:  # noqa: ARG001 - 401
    return [team_card(team) for team in (await people_desk.roster()).teams.values()]


@post("/api/teams", status_code=200, security=BEARER, summary="Add a team")
async def add_team(data: JSONBody[NewTeam], person: Given[Person], people_desk: Given[PeopleDesk]) -> TeamCard:
    return team_card(await people_desk.add_team(person, data.name, data.members))


@put("/api/teams/{team_id:int}", security=BEARER, summary="Rename a team, or say who is in it")
async def change_team(
    team_id: PathId, data: JSONBody[TeamChange], person: Given[Person], people_desk: Given[PeopleDesk]
) -> TeamCard:
    return team_card(await people_desk.change_team(person, team_id, data.name, data.members))


@delete("/api/teams/{team_id:int}", status_code=200, security=BEARER, summary="Remove a team that nothing names")
async def remove_team(team_id: PathId, person: Given[Person], people_desk: Given[PeopleDesk]) -> Message:
    await people_desk.remove_team(person, team_id)
    return Message("team removed")


def _rules(rules: tuple[Rule, ...]) -> list[NotificationRule]:
    return [NotificationRule(rule.contact_id, rule.delay) for rule in rules]


router = Router(
    "/",
    route_handlers=[
        log_in,
        log_out,
        me,
        people,
        add_person,
        show_person,
        change_person,
        remove_person,
        set_rules,
        add_contact,
        remove_contact,
        send_code,
        verify_contact,
        teams,
        add_team,
        change_team,
        remove_team,
    ],
    tags=["people"],
)
