"""The audit log: who changed what, who did what, and who was not believed."""

from typing import Annotated, Final, Literal

from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from jwt_pizza.ops.audit.model import Asked
from jwt_pizza.ops.audit.service import AuditDesk
from jwt_pizza.ops.console.fields import LARGEST_ID
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site

_SORTS: Final = {
    "all": "All",
    "changed": "What was changed",
    "done": "What people did",
    "refused": "Who was not believed",
}


@get("/audit")
async def audit(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001 - 401
    audit_desk: Given[AuditDesk],
    sort: FromQuery[Literal["all", "changed", "done", "refused"]] = "all",
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
) -> Template:
    page = await audit_desk.read(Asked(sort=None if sort == "all" else sort, before=before))
    return site.draw(
        request,
        "setup/audit.html",
        entries=page.entries,
        more=page.more,
        sorts=_SORTS,
        sort=sort,
        place="on-call",
        tab="audit",
    )


router = Router("/", route_handlers=[audit])
