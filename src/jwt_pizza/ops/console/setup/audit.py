"""The audit log: who changed what, who did what, and who was not believed."""

from typing import Annotated, Final, Literal

from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.ops.audit.model import Asked
from jwt_pizza.ops.audit.service import AuditDesk
from jwt_pizza.ops.console.setup.visit import Visit

_SORTS: Final = {
    "all": "All",
    "changed": "What was changed",
    "done": "What people did",
    "refused": "Who was not believed",
}


@get("/audit")
async def audit(
    visit: Given[Visit],
    audit_desk: Given[AuditDesk],
    sort: FromQuery[Literal["all", "changed", "done", "refused"]] = "all",
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
) -> Template:
    page = await audit_desk.read(Asked(sort=None if sort == "all" else sort, before=before))
    return visit.draw(
        "audit",
        "audit",
        entries=page.entries,
        more=page.more,
        sorts=_SORTS,
        sort=sort,
    )


router = Router("/", route_handlers=[audit])
