"""One look at everything."""

import asyncio
from collections.abc import Sequence

from jwt_pizza.ops.status.model import Component, Probe


class Lookout:
    def __init__(self, probes: Sequence[Probe]) -> None:
        self._probes = probes

    async def look(self) -> tuple[Component, ...]:
        return tuple(await asyncio.gather(*(probe.look() for probe in self._probes)))
