"""Ways to people: texts, mail, whatever Apprise knows, webhooks."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the same when it is sent again, so that a mail program shows it once; None: it is sent once. `html` is
    for mail."""

    id: str | None
    subject: str
    text: str
    html: str = ""


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """Taken by a provider. `confirms`: it tells later what became of it, by `provider_id`."""

    provider: str
    provider_id: str | None = None
    confirms: bool = False


class NotHanded(Exception):
    """`error` says why, without addresses or secrets. `final`: trying again is no use. `perhaps`: it may have been
    taken all the same."""

    def __init__(self, error: str, *, final: bool = False, perhaps: bool = False) -> None:
        super().__init__(error)
        self.error = error
        self.final = final
        self.perhaps = perhaps


class Way(Protocol):
    """One provider."""

    name: str

    async def send(self, address: str, message: Message) -> Handed:
        """Returns or raises NotHanded within its deadline."""
        ...


class Channel(Protocol):
    async def send(self, channel: str, address: str, message: Message) -> Handed:
        """Raises NotHanded."""
        ...


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone sent us. `provider` is the account that took it."""

    provider: str
    provider_id: str
    sender: str
    body: str


Ways = Sequence[Way]
