"""Drills as people start, follow and end them."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.ops.drills.model import LONGEST_SOURCE, Drill, Drills, Entry, Plan, Playhouse, line_of
from jwt_pizza.ops.drills.said import Offer
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import Person

_MOST: Final = 3
"""Drills that wait or run."""
_SHOWN: Final = 30


class DrillDesk:
    def __init__(self, drills: Drills, playhouse: Playhouse, clock: Clock, asked: Callable[[], object]) -> None:
        """`asked` is called when there is something to do for who plays them."""
        self._drills = drills
        self._playhouse = playhouse
        self._clock = clock
        self._asked = asked

    async def offers(self) -> Sequence[Offer]:
        """Raises Unavailable."""
        return await self._playhouse.offers()

    async def start(self, plan: Plan, person: Person) -> Drill:
        """Raises Invalid, Conflict, Unavailable."""
        if plan.source is None:
            known = [offer.name for offer in await self.offers()]
            if plan.scenario not in known:
                raise Invalid(f"there is no scenario of that name; there are {', '.join(known)}")
        elif not plan.source.strip() or len(plan.source.encode()) > LONGEST_SOURCE:
            raise Invalid(f"a scenario is TOML of at most {LONGEST_SOURCE // 1024} KB")
        elif "\0" in plan.source:
            raise Invalid("a scenario is text, without the character NUL")
        if plan.manner == "played" and plan.way == "both":
            plan = msgspec.structs.replace(plan, way="as-built")
        drill = await self._drills.add(plan, most=_MOST, by=actor_of(person.id), at=self._clock.now())
        if drill is None:
            raise Conflict(f"{_MOST} drills wait or run already: stop one, or wait until one is over")
        self._asked()
        return drill

    async def get(self, drill_id: int) -> tuple[Drill, Sequence[Entry]]:
        """With its log. Raises NotFound."""
        found = await self._drills.get(drill_id)
        if found is None:
            raise NotFound(f"there is no drill {drill_id}")
        return found

    async def last(self) -> Sequence[Drill]:
        """The newest first."""
        return await self._drills.last(_SHOWN)

    async def stop(self, drill_id: int, person: Person) -> None:
        """It may take some seconds. Raises NotFound."""
        await self.get(drill_id)
        await self._drills.stop(drill_id, by=actor_of(person.id), at=self._clock.now())
        self._asked()

    async def type(self, drill_id: int, key: str, text: str, person: Person) -> None:
        """Raises NotFound, Invalid, Conflict."""
        line = line_of(key, text)
        await self.get(drill_id)
        if not await self._drills.type(drill_id, line, by=actor_of(person.id), at=self._clock.now()):
            raise Conflict("this drill is not being played now")
        self._asked()
