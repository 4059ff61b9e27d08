"""The report of an incident: what is computed from the log, and the few paragraphs that only people can write.

A report is made anew whenever somebody looks. What is kept are the words of people, a version for each time that they
are saved, with the whole text as it was then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, Protocol, TypeAlias, get_args

import msgspec

from jwt_pizza.kernel.errors import Conflict, Invalid
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.events.model import Recorded
from jwt_pizza.ops.incidents.model import FollowUp, Incident
from jwt_pizza.ops.incidents.remote import Minute
from jwt_pizza.ops.reports.document import Document

Place: TypeAlias = Literal[
    "summary",
    "detection",
    "impact",
    "timeline",
    "response",
    "root-cause",
    "resolution",
    "prevention",
    "action-items",
]
TITLES: Final[Mapping[Place, str]] = {
    "summary": "Summary",
    "detection": "Detection",
    "impact": "Impact",
    "timeline": "Timeline",
    "response": "Response",
    "root-cause": "Root cause",
    "resolution": "Resolution",
    "prevention": "Prevention",
    "action-items": "Action items",
}
SUGGESTED: Final[tuple[Place, ...]] = ("root-cause", "prevention", "action-items")
"""Where people's words replace what the evidence suggests; elsewhere they follow what was computed."""
LONGEST: Final = 20_000


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """All that a report is made from. `names` of people by their ids."""

    incident: Incident
    timeline: Sequence[Recorded]
    follow_ups: Sequence[FollowUp] = ()
    minutes: Sequence[Minute] = ()
    names: Mapping[int, str] = {}


_Text = Annotated[str, msgspec.Meta(max_length=LONGEST)]


class Words(Wire, frozen=True):
    """What people wrote, by section, and whose names are shown instead of their roles."""

    sections: Mapping[Place, _Text] = {}
    shown: Annotated[tuple[int, ...], msgspec.Meta(max_length=100)] = ()


class Saving(Words, frozen=True, kw_only=True):
    """`version`: the one that was edited, 0 for none. Another one meanwhile is a conflict, and nothing is lost."""

    version: int


class Version(Wire, frozen=True):
    """0: nobody has written anything yet."""

    version: int
    words: Words
    saved_at: datetime | None = None
    saved_by: str = ""


class Saved(Wire, frozen=True):
    """A line in the list of versions."""

    version: int
    saved_at: datetime
    saved_by: str


class Edition(msgspec.Struct, frozen=True):
    """`public`: without names, keys or customers' data. `zone` is that of the title, as `America/Denver`."""

    public: bool = False
    zone: str = "UTC"


class Reports(Protocol):
    """The port to what people wrote."""

    async def last(self, incident_id: int) -> Version: ...
    async def version(self, incident_id: int, version: int) -> tuple[Version, str] | None:
        """With the Markdown as it was then."""
        ...

    async def versions(self, incident_id: int) -> Sequence[Saved]:
        """Newest first."""
        ...

    async def save(self, incident_id: int, saving: Saving, markdown: str, *, by: str, at: datetime) -> Version | None:
        """None: there is another version meanwhile."""
        ...


class Archive(Protocol):
    """The port to what happened."""

    async def material(self, incident_id: int) -> Material:
        """Raises NotFound."""
        ...


class OrdersPerMinute(Protocol):
    """The port to the shop's orders."""

    async def read(self, since: datetime, until: datetime) -> Sequence[Minute]:
        """Oldest first, without minutes in which nobody ordered. Raises Unavailable."""
        ...


Standing = Literal["untold", "told", "published"]
"""Whether the public knows of an incident, and has its report."""


class Publisher(Protocol):
    """The port to where the public reads."""

    async def standing(self, incident_id: int) -> Standing: ...
    async def publish(self, incident_id: int, report: Document, *, by: str, at: datetime) -> None:
        """Raises Conflict when the public knows nothing of the incident."""
        ...


class Stale(Conflict):
    def __init__(self, version: int) -> None:
        super().__init__(
            f"somebody has saved version {version} meanwhile: look at it, put your changes into it, and save again"
        )


def checked(words: Words) -> None:
    """Raises Invalid."""
    for place, text in words.sections.items():
        if place not in get_args(Place):
            raise Invalid(f"there is no section {place}")
        if any(ord(character) < 32 and character not in "\n\r\t" for character in text) or "\x7f" in text:
            raise Invalid(f"{TITLES[place]} must not contain control characters")
