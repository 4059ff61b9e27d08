"""The roster: who there is, in which teams, and how each is reached. Everybody sets up their own contacts."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, get_args

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.ops.console.fields import Form, known, one_of, picked, sure, whole
from jwt_pizza.ops.console.setup.visit import Visit
from jwt_pizza.ops.paging.desk import PageDesk
from jwt_pizza.ops.people.contacts import ContactDesk
from jwt_pizza.ops.people.model import (
    Channel,
    Importance,
    NotificationRule,
    Person,
    Reachable,
    Role,
)
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.web.site import go

_WAYS: Final[Mapping[Channel, str]] = {"sms": "text message", "email": "email", "apprise": "Apprise"}
_DONE: Final = {
    "code": "A code is on its way. Type it below: then pages come there too.",
    "test": "A test page is on its way, by every contact that works.",
    "saved": "Saved.",
    "verified": "Verified: pages come there from now on.",
}


class Listed(msgspec.Struct, frozen=True):
    """`ways`: by which they can be paged. `duties`: the schedules in which it is their turn now."""

    person: Person
    ways: Sequence[str]
    duties: Sequence[str]


class Rule(msgspec.Struct, frozen=True):
    """`place` in the list of its importance."""

    place: int
    minutes: float
    way: str


class Desks(msgspec.Struct, frozen=True):
    people: PeopleDesk
    contacts: ContactDesk
    pages: PageDesk
    schedules: ScheduleDesk


async def desks_of(
    people_desk: Given[PeopleDesk],
    contact_desk: Given[ContactDesk],
    page_desk: Given[PageDesk],
    schedule_desk: Given[ScheduleDesk],
) -> Desks:
    return Desks(people_desk, contact_desk, page_desk, schedule_desk)


@get("/people")
async def people(visit: Given[Visit], desks: Given[Desks]) -> Template:
    return await _roster(visit, desks)


@get("/me")
async def me(visit: Given[Visit]) -> Redirect:
    """Where the name in the header leads."""
    return go(f"/people/{visit.person.id}")


@post("/people", status_code=200)
async def add_person(visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    form = await visit.form()
    try:
        added = await desks.people.add(
            visit.person,
            name=form.get("name", ""),
            email=form.get("email", "").strip() or None,
            password=form.get("password") or None,
            role=one_of(form, "role", get_args(Role), "the role"),
            time_zone=form.get("zone", "").strip() or "UTC",
        )
    except Refusal as refusal:
        return await _roster(visit, desks, refusal, form)
    return go(f"/people/{added.id}")


@post("/people/teams", status_code=200)
async def add_team(visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    form = await visit.form()
    try:
        await desks.people.add_team(visit.person, form.get("name", ""), _members(form))
    except Refusal as refusal:
        return await _roster(visit, desks, refusal, form)
    return go("/people#teams")


@post("/people/teams/{team_id:int}", status_code=200)
async def change_team(team_id: FromPath[int], visit: Given[Visit], desks: Given[Desks]) -> Template | Redirect:
    form = await visit.form()
    try:
        if form.get("verb") == "remove":
            await desks.people.remove_team(visit.person, known(team_id))
        else:
            await desks.people.change_team(visit.person, known(team_id), form.get("name", ""), _members(form))
    except Refusal as refusal:
        return await _roster(visit, desks, refusal)
    return go("/people#teams")


@get("/people/{person_id:int}")
async def one(person_id: FromPath[int], visit: Given[Visit], desks: Given[Desks]) -> Template:
    return await _person(visit, desks, known(person_id))


@post("/people/{person_id:int}/{verb:str}", status_code=200)
async def act(
    person_id: FromPath[int], verb: FromPath[str], visit: Given[Visit], desks: Given[Desks]
) -> Template | Redirect:
    perform = _VERBS.get(verb)
    if perform is None:
        raise NotFound(f"a person knows {', '.join(_VERBS)}")
    form = await visit.form()
    asked = Asked(desks, visit.person, known(person_id), form, visit.site.session_token(visit.request) or "")
    try:
        return go(await perform(asked))
    except Refusal as refusal:
        return await _person(visit, desks, person_id, refusal, {**form, "verb": verb})


async def _roster(visit: Visit, desks: Desks, refusal: Refusal | None = None, form: Form | None = None) -> Template:
    roster = await desks.people.roster()
    duties = await _duties(desks)
    listed = sorted(
        (
            Listed(each.person, _ways(each), duties[each.person.id])
            for each in roster.people.values()
            if not each.person.operates
        ),
        key=lambda each: each.person.name.casefold(),
    )
    return visit.draw(
        "people",
        "people",
        refusal=refusal,
        form=form,
        people=listed,
        teams=sorted(roster.teams.values(), key=lambda team: team.name.casefold()),
        name_of={each.person.id: each.person.name for each in listed},
        roles=get_args(Role),
    )


async def _person(
    visit: Visit, desks: Desks, person_id: int, refusal: Refusal | None = None, form: Form | None = None
) -> Template:
    roster = await desks.people.roster()
    found = roster.people.get(person_id)
    if found is None or found.person.operates:
        raise NotFound(f"there is no person {person_id}")
    # An Apprise URL holds secrets, and a number is nobody else's business.
    theirs = visit.person.id == person_id or visit.person.manages
    return visit.draw(
        "person",
        "people",
        refusal=refusal,
        done=_DONE.get(visit.request.query_params.get("done", ""), ""),
        form=form,
        person=found.person,
        usable=_ways(found),
        contacts=found.contacts if theirs else (),
        rules={"default": _rules(found, found.default), "important": _rules(found, found.important)} if theirs else {},
        feed=f"/api/people/{person_id}/calendar/{await desks.people.feed_token(visit.person, person_id)}.ics"
        if theirs
        else "",
        duties=(await _duties(desks))[person_id],
        teams=[team.name for team in roster.teams.values() if person_id in team.members],
        theirs=theirs,
        myself=visit.person.id == person_id,
        ways=_WAYS,
        roles=get_args(Role),
    )


async def _duties(desks: Desks) -> Mapping[int, Sequence[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for schedule, now, _ in await desks.schedules.standings(None):
        for person_id in now.people:
            found[person_id].append(schedule.name)
    return found


def _ways(found: Reachable) -> Sequence[str]:
    return list(dict.fromkeys(_WAYS[contact.channel] for contact in found.contacts if contact.usable))


def _rules(found: Reachable, rules: Sequence[NotificationRule]) -> Sequence[Rule]:
    names = {contact.id: f"{_WAYS[contact.channel]} to {contact.address}" for contact in found.contacts}
    shown = [Rule(place, rule.delay / 60, names.get(rule.contact_id, "")) for place, rule in enumerate(rules)]
    return sorted(shown, key=lambda rule: rule.minutes)


def _members(form: Form) -> Sequence[int]:
    """Of boxes that are ticked: `member-7`."""
    numbers = [name.removeprefix("member-") for name in form if name.startswith("member-")]
    return [int(number) for number in numbers if number.isascii() and number.isdecimal() and len(number) <= 9]


class Asked(msgspec.Struct, frozen=True):
    """What somebody wants of somebody's page. `token`: of the caller's session."""

    desks: Desks
    caller: Person
    person_id: int
    form: Form
    token: str

    @property
    def page(self) -> str:
        return f"/people/{self.person_id}"


async def _contact(asked: Asked) -> str:
    """A code goes there at once: an address that was never shown to work is no contact."""
    channel = one_of(asked.form, "channel", get_args(Channel), "the kind")
    contact = await asked.desks.contacts.add(asked.caller, asked.person_id, channel, asked.form.get("address", ""))
    await asked.desks.contacts.send_code(asked.caller, contact.id)
    return f"{asked.page}?done=code#contacts"


async def _code(asked: Asked) -> str:
    await asked.desks.contacts.send_code(asked.caller, picked(asked.form, "contact", "a contact"))
    return f"{asked.page}?done=code#contacts"


async def _verify(asked: Asked) -> str:
    contact = picked(asked.form, "contact", "a contact")
    await asked.desks.contacts.verify(asked.caller, contact, asked.form.get("code", "")[:20])
    return f"{asked.page}?done=verified#contacts"


async def _forget(asked: Asked) -> str:
    await asked.desks.contacts.remove(asked.caller, picked(asked.form, "contact", "a contact"))
    return f"{asked.page}#contacts"


async def _rule(asked: Asked) -> str:
    """One more, or, by its place, one less."""
    found = await asked.desks.people.show(asked.caller, asked.person_id)
    importance = one_of(asked.form, "importance", get_args(Importance), "the list")
    rules = {"default": list(found.default), "important": list(found.important)}
    mine = rules[importance]
    if "remove" in asked.form:
        place = whole(asked.form, "remove", "the place")
        if place >= len(mine):
            raise Invalid("this rule is gone already: reload the page")
        mine.pop(place)
    else:
        contact = picked(asked.form, "contact", "a contact")
        minutes = whole(asked.form, "minutes", "the minutes")
        if minutes > 24 * 60:
            raise Invalid("a rule waits a day at most")
        rule = NotificationRule(contact, minutes * 60.0)
        if rule in mine:
            raise Invalid("there is this rule already")
        mine.append(rule)
        mine.sort(key=lambda rule: rule.delay)
    await asked.desks.contacts.set_rules(asked.caller, asked.person_id, rules["default"], rules["important"])
    return f"{asked.page}#rules"


async def _test(asked: Asked) -> str:
    await asked.desks.pages.test(asked.caller, asked.person_id)
    return f"{asked.page}?done=test"


async def _profile(asked: Asked) -> str:
    form = asked.form
    await asked.desks.people.change(
        asked.caller,
        asked.person_id,
        token=asked.token,
        name=form.get("name"),
        email=form.get("email", "").strip() or None,
        password=form.get("password") or None,
        role=one_of(form, "role", get_args(Role), "the role") if "role" in form else None,
        time_zone=form.get("zone", "").strip() or None,
    )
    return f"{asked.page}?done=saved"


async def _feed(asked: Asked) -> str:
    await asked.desks.people.new_feed_token(asked.caller, asked.person_id)
    return f"{asked.page}#calendar"


async def _remove(asked: Asked) -> str:
    sure(asked.form)
    await asked.desks.people.remove(asked.caller, asked.person_id)
    return "/people"


_VERBS: Final[Mapping[str, Callable[[Asked], Awaitable[str]]]] = {
    "contact": _contact,
    "code": _code,
    "verify": _verify,
    "forget": _forget,
    "rule": _rule,
    "test": _test,
    "profile": _profile,
    "feed": _feed,
    "remove": _remove,
}
"""Each gives the page that follows."""

router = Router(
    "/",
    route_handlers=[people, me, add_person, add_team, change_team, one, act],
    dependencies={"desks": desks_of},
)
