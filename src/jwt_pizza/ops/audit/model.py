"""The audit log: what people did, what changed of the set-up, and who was not believed."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from jwt_pizza.ops.events.model import Recorded

Sort = Literal["changed", "refused", "done"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`sort` None: all of it. `before`: the id of the oldest entry that was seen. `actor`: as in `person:3`."""

    sort: Sort | None = None
    actor: str | None = None
    before: int | None = None
    limit: int = 50


class Trail(Protocol):
    """The port to the log."""

    async def read(self, asked: Asked) -> Sequence[Recorded]:
        """The newest first."""
        ...
