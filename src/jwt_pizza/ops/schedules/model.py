"""Who is on call, when: rotations in layers, overrides over them, in the schedule's own time zone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol


class OnCall(Protocol):
    """What paging needs of schedules."""

    async def on_call(self, schedule_id: int, at: datetime) -> Sequence[int]:
        """The people on call at that moment; empty in a gap."""
        ...

    async def all_on_call(self, at: datetime) -> Mapping[int, Sequence[int]]:
        """Of every schedule; kept in memory for when there is no database."""
        ...
