"""The audit log over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, QueryParameter

from jwt_pizza.kernel.wire import LARGEST_ID, Wire
from jwt_pizza.ops.audit.model import Asked, Sort
from jwt_pizza.ops.audit.service import AuditDesk, Entry
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import BEARER


class Audit(Wire, frozen=True):
    entries: Sequence[Entry]
    more: bool


@get("/api/audit", security=BEARER, summary="What people did, what changed, who was not believed; the newest first")
async def audit(
    person: Given[Person],  # noqa: ARG001 - 401
    audit_desk: Given[AuditDesk],
    sort: FromQuery[Sort | None] = None,
    by: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> Audit:
    """`by`: of one person, by id. `before`: the id of the oldest entry that was seen."""
    asked = Asked(sort=sort, actor=None if by is None else actor_of(by), before=before, limit=limit)
    page = await audit_desk.read(asked)
    return Audit(entries=page.entries, more=page.more)


router = Router("/", route_handlers=[audit], tags=["audit"])
