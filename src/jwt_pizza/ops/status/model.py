"""Is each part of the system up?"""

from typing import Literal, Protocol

from jwt_pizza.kernel.wire import Wire


class Component(Wire, frozen=True):
    """`ms` is how long its answer took."""

    name: str
    state: Literal["up", "down"]
    ms: float
    detail: str


class Probe(Protocol):
    async def look(self) -> Component:
        """Never raises, and returns within its deadline."""
        ...


class Overview(Wire, frozen=True):
    message: str
    version: str
    components: tuple[Component, ...]
