"""How many people are here: noted beside the requests, now and then, by all processes together."""

from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.shop.accounts.model import Attendances

ACTIVE: Final = timedelta(minutes=5)
_NOTED_FOR: Final = 60.0
"""Seconds until a process notes the same user again: by so much a user may be forgotten too early."""
_AT_A_TIME: Final = 10_000


class Attendance:
    def __init__(self, seen: set[int], attendances: Attendances, clock: Clock, show: Callable[[int], None]) -> None:
        """`seen` is filled by the sessions and emptied here; `show` gets the number of active users."""
        self._seen = seen
        self._attendances = attendances
        self._clock = clock
        self._show = show
        self._noted: dict[int, float] = {}

    async def note(self) -> None:
        now = self._clock.monotonic()
        self._noted = {user: at for user, at in self._noted.items() if now - at < _NOTED_FOR}
        fresh = list(islice((user for user in self._seen if user not in self._noted), _AT_A_TIME))
        if len(fresh) < _AT_A_TIME:
            self._seen.clear()
        else:
            self._seen.difference_update(fresh)
        at = self._clock.now()
        self._show(await self._attendances.note(sorted(fresh), at, at - ACTIVE))
        self._noted |= dict.fromkeys(fresh, now)
