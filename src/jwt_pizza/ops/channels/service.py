"""Sends by the first provider that takes a message."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.ops.channels.model import Handed, Message, NotHanded, Ways

DEADLINE: Final = 12.0
"""Seconds for one message over all its providers."""


class Channels:
    def __init__(self, ways: Mapping[str, Ways]) -> None:
        """`ways`: of each channel its providers, the first choice first."""
        self._ways = ways

    async def send(self, channel: str, address: str, message: Message) -> Handed:
        """Raises NotHanded, of the last provider that was tried, within the deadline."""
        failures: list[NotHanded] = []
        try:
            async with asyncio.timeout(DEADLINE):
                for way in self._ways.get(channel, ()):
                    try:
                        return await way.send(address, message)
                    except NotHanded as failure:
                        failures.append(failure)
        except TimeoutError:
            failures.append(NotHanded(f"not handed over within {DEADLINE:g} s", perhaps=True))
        if not failures:
            raise NotHanded(f"no provider is set up for {channel}", final=True)
        # Worth another attempt if any of them is.
        raise NotHanded(
            "; ".join(failure.error for failure in failures),
            final=all(failure.final for failure in failures),
            perhaps=any(failure.perhaps for failure in failures),
        )


class Drawer(Protocol):
    """What keeps messages that go nowhere."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Raises Unavailable."""
        ...


class Shown:
    """The built-in phone: a message has arrived as soon as it is kept."""

    def __init__(self, name: str, drawer: Drawer) -> None:
        self.name = name
        self._drawer = drawer

    async def send(self, address: str, message: Message) -> Handed:
        try:
            await self._drawer.send(address, message.subject, message.text)
        except Unavailable as refusal:
            raise NotHanded(refusal.message) from refusal
        return Handed(provider=self.name)
