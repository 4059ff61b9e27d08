"""One look at everything; what is measured; what the public is told."""

import asyncio
import unicodedata
from collections.abc import Callable, Sequence

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid, NotFound
from jwt_pizza.ops.status.board import Measurements, NewUpdate, PublicIncident, StatusBook
from jwt_pizza.ops.status.measuring import away
from jwt_pizza.ops.status.model import Component, Probe


class Lookout:
    def __init__(self, probes: Sequence[Probe]) -> None:
        self._probes = probes

    async def look(self) -> tuple[Component, ...]:
        return tuple(await asyncio.gather(*(probe.look() for probe in self._probes)))


class Gauge:
    def __init__(self, measurements: Measurements, lookout: Lookout, clock: Clock) -> None:
        self._measurements = measurements
        self._lookout = lookout
        self._clock = clock

    async def step(self) -> None:
        seen = {component.name: component.state for component in await self._lookout.look()}
        await self._measurements.measure(self._clock.now(), away(seen))


class StatusDesk:
    def __init__(self, book: StatusBook, clock: Clock, *, changed: Callable[[], object]) -> None:
        """`changed` is called after a commit that the page is to show."""
        self._book = book
        self._clock = clock
        self._changed = changed

    async def get(self, incident_id: int) -> PublicIncident:
        found = await self._book.incident(incident_id)
        if found is None:
            raise NotFound("the public was told nothing of this incident")
        return found

    async def tell(self, incident_id: int, update: NewUpdate, *, by: str) -> PublicIncident:
        """Raises NotFound, Invalid."""
        plain = msgspec.structs.replace(
            update,
            text=words(update.text),
            title=None if update.title is None else text.line(update.title, "title", most=200),
        )
        told = await self._book.tell(incident_id, plain, by=by, at=self._clock.now())
        self._changed()
        return told


def words(typed: str) -> str:
    """Several lines without control characters; raises Invalid."""
    plain = unicodedata.normalize("NFC", typed.replace("\r\n", "\n").strip())
    if not plain:
        raise Invalid("text must say something")
    if any(unicodedata.category(each) in {"Cc", "Cs", "Co", "Cn"} and each not in "\n\t" for each in plain):
        raise Invalid("text must not contain control characters")
    return plain
