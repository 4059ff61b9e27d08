"""What people are called in a timeline."""

from jwt_pizza.ops.events.telling import Naming
from jwt_pizza.ops.people.model import Roster


def names(roster: Roster) -> Naming:
    def naming(person_id: int | None) -> str:
        if person_id is None:
            return "somebody"
        found = roster.people.get(person_id)
        return found.person.name if found else f"person {person_id}"

    return naming
