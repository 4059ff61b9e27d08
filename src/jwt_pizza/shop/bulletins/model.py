"""What diners are told while an incident is open."""

from typing import Protocol

import msgspec


class Bulletin(msgspec.Struct, frozen=True):
    """`link` leads to the public status page."""

    title: str
    link: str


class StatusPage(Protocol):
    async def open_incident(self) -> Bulletin | None:
        """The first that is open, in public words. Never raises, and returns within its deadline: None also when the
        page cannot be reached."""
        ...
