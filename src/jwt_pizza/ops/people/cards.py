"""People, teams and contacts as the API tells them, and as it is told them."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from jwt_pizza.kernel.wire import Id, Wire
from jwt_pizza.ops.people.model import Channel, Contact, NotificationRule, Person, Reachable, Role, Team

_Delay = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class PersonCard(Wire, frozen=True):
    id: int
    name: str
    email: str | None
    role: Role
    time_zone: str


class ContactCard(Wire, frozen=True):
    id: int
    channel: Channel
    address: str
    verified: bool
    opted_out: bool


class Rule(Wire, frozen=True):
    """`delay` in seconds after the page began."""

    contact_id: Id
    delay: _Delay = 0.0


class Rules(Wire, frozen=True):
    """How somebody is paged by default, and when it is important."""

    default: Annotated[tuple[Rule, ...], msgspec.Meta(max_length=20)]
    important: Annotated[tuple[Rule, ...], msgspec.Meta(max_length=20)]


class ReachableCard(PersonCard, frozen=True):
    contacts: tuple[ContactCard, ...]
    rules: Rules


class TeamCard(Wire, frozen=True):
    id: int
    name: str
    members: tuple[int, ...]


class SignedIn(Wire, frozen=True):
    person: PersonCard
    token: str


def person_card(person: Person) -> PersonCard:
    return PersonCard(id=person.id, name=person.name, email=person.email, role=person.role, time_zone=person.time_zone)


def contact_card(contact: Contact) -> ContactCard:
    return ContactCard(
        id=contact.id,
        channel=contact.channel,
        address=contact.address,
        verified=contact.verified,
        opted_out=contact.opted_out,
    )


def reachable_card(reachable: Reachable) -> ReachableCard:
    person = reachable.person
    return ReachableCard(
        id=person.id,
        name=person.name,
        email=person.email,
        role=person.role,
        time_zone=person.time_zone,
        contacts=tuple(map(contact_card, reachable.contacts)),
        rules=Rules(default=_rules(reachable.default), important=_rules(reachable.important)),
    )


def team_card(team: Team) -> TeamCard:
    return TeamCard(id=team.id, name=team.name, members=team.members)


def _rules(rules: Sequence[NotificationRule]) -> tuple[Rule, ...]:
    return tuple(Rule(contact_id=rule.contact_id, delay=rule.delay) for rule in rules)
