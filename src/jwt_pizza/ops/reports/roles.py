"""People by what they did: a report blames nobody. A name stands only where it is set to be shown."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from jwt_pizza.kit.redaction import redacted
from jwt_pizza.ops.events import model as facts
from jwt_pizza.ops.events.model import Recorded
from jwt_pizza.ops.incidents.model import Role

_ORDINALS: Final = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_DUTIES: Final[Mapping[Role, str]] = {
    "commander": "the incident commander",
    "communications": "the one who told customers",
    "scribe": "the scribe",
    "operations": "the one at the controls",
}
_EMAIL: Final = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE: Final = re.compile(r"\+[1-9][\d ().-]{6,18}\d")
_KEYS: Final = re.compile(r"(?P<name>\b(?:apiKey|fixCode)=)\[redacted\]", re.IGNORECASE)
_MASKS: Final = {"apikey=": "[API_KEY]", "fixcode=": "[FIX_CODE]"}


class Cast:
    """Who takes part, in the order in which they come in: whoever was paged first is the engineer on call."""

    def __init__(
        self,
        events: Sequence[Recorded],
        names: Mapping[int, str],
        duties: Mapping[Role, int],
        shown: Collection[int] = (),
    ) -> None:
        """`duties`: people by the role that they were given in the incident; of `shown` the names are told."""
        self._names = names
        self._shown = frozenset(shown)
        self._roles: dict[int, str] = {}
        for person in _paged(events):
            if person not in self._roles:
                number = len(self._roles)
                self._roles[person] = (
                    "the engineer on call"
                    if number == 0
                    else f"the {_ORDINALS[number - 1]} engineer"
                    if number <= len(_ORDINALS)
                    else f"engineer {number + 1}"
                )
        for duty, person in duties.items():
            if person not in self._roles:
                self._roles[person] = _DUTIES[duty]

    def naming(self, person_id: int | None) -> str:
        """The port `Naming` of ops/events/telling.py."""
        if person_id is None:
            return "somebody"
        if person_id in self._shown and person_id in self._names:
            return self._names[person_id]
        return self._roles.get(person_id, "another engineer")

    def by(self, actor: str) -> str:
        """Of an actor such as `person:3`."""
        kind, _, number = actor.partition(":")
        return self.naming(int(number)) if kind == "person" and number.isdecimal() else "somebody"

    def masked(self, text: str, *, public: bool) -> str:
        """Without keys; for the public without addresses, numbers and names either."""
        text = _KEYS.sub(lambda found: found["name"] + _MASKS[found["name"].lower()], redacted(text))
        for person, name in sorted(self._names.items(), key=lambda each: -len(each[1])):
            if (public or person not in self._shown) and name.strip():
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", self._roles.get(person, "an engineer"), text)
        if public:
            text = _PHONE.sub("[number]", _EMAIL.sub("[address]", text))
        return text


def _paged(events: Sequence[Recorded]) -> Sequence[int]:
    found: list[int] = []
    for event in events:
        if isinstance(event.fact, facts.StepTaken):
            found.extend(event.fact.paged)
        elif isinstance(event.fact, facts.PageQueued | facts.PageSent) and event.fact.person_id is not None:
            found.append(event.fact.person_id)
    return found
