"""Whom and what a word of the command line means."""

from collections.abc import Collection, Mapping

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.kernel.errors import Conflict, NotFound
from jwt_pizza.ops.people.cards import PersonCard
from jwt_pizza.ops.schedules.cards import ScheduleCard


def person_id(who: str) -> int:
    """Of a number, a mail address or a name. Raises NotFound, or Conflict for a name that two have."""
    if who.isdecimal():
        return int(who)
    wanted = who.casefold()
    people = ask("GET", "/api/people", list[PersonCard])
    found = [person for person in people if wanted in {person.name.casefold(), (person.email or "").casefold()}]
    if not found:
        raise NotFound(f"nobody is called {who}: see `jwt-pizza oncall people list`")
    if len(found) > 1:
        raise Conflict(f"{len(found)} people are called {who}: give a number of `jwt-pizza oncall people list`")
    return found[0].id


def whose(actors: Collection[str | None]) -> Mapping[str | None, str]:
    """`Grace` of `person:3`, all of them with one question; what is nobody's stays as it is."""
    found = {actor: actor or "" for actor in actors}
    people = [actor for actor in actors if actor is not None and actor.startswith("person:")]
    if people:
        names = {f"person:{each.id}": each.name for each in ask("GET", "/api/people", list[PersonCard])}
        # Commands log in as somebody who is in no list.
        found |= {actor: names.get(actor, "command line") for actor in people}
    return found


def schedule_id(which: str) -> int:
    """Of a number or a name. Raises NotFound."""
    if which.isdecimal():
        return int(which)
    for schedule in ask("GET", "/api/schedules", list[ScheduleCard]):
        if schedule.name.casefold() == which.casefold():
            return schedule.id
    raise NotFound(f"there is no schedule {which}: see `jwt-pizza oncall schedules list`")
