"""Who holds which database connection, since when and from which line, in every process that was heard."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from jwt_pizza.kernel.vitals import ClientPool, Holding, Pool
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.telemetry.fleet import View
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site

_MOST: Final = 500
"""Rows that one page shows, the oldest."""


class Held(msgspec.Struct, frozen=True):
    """A connection, and by which process it is held."""

    process: str
    service: str
    holding: Holding


class Basin(msgspec.Struct, frozen=True):
    """The pools of one process. `unreachable`: for so many seconds it has not reached its database."""

    process: str
    service: str
    pool: Pool | None
    clients: Sequence[ClientPool]
    unreachable: float | None


class Plumbing(msgspec.Struct, frozen=True):
    """`more`: how many are held besides."""

    held: Sequence[Held]
    more: int
    basins: Sequence[Basin]
    leaked: int


@get("/connections")
async def connections(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001 - 401
    fleet_view: Given[View],
) -> Template:
    return site.draw(request, "console/connections.html", plumbing=plumbing(fleet_view), place="charts")


def plumbing(view: View) -> Plumbing:
    """Pure; what is held longest comes first."""
    told = sorted((process.last for process in view.live), key=lambda last: (last.service, last.process))
    held = [Held(last.process, last.service, holding) for last in told for holding in last.vitals.leases]
    held.sort(key=lambda each: -each.holding.seconds)
    return Plumbing(
        held=held[:_MOST],
        more=max(0, len(held) - _MOST),
        basins=[
            Basin(last.process, last.service, last.vitals.pool, last.vitals.clients, last.vitals.database.unreachable)
            for last in told
        ],
        leaked=sum(each.holding.state != "held" for each in held),
    )


router = Router("/", route_handlers=[connections])
