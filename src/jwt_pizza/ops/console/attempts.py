"""What the ovens answered, try by try, as the shop recorded it; and the report of a failed one to the factory."""

from typing import Annotated, Final, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.ops.incidents.remote import Sought, acting
from jwt_pizza.ops.incidents.runbooks import Outcome, Runbooks
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site
from jwt_pizza.web.site import sentence as spoken

_SHOWN: Final = 50
Oven = Literal["", "factory", "in-house"]
Found = Literal["", "failed", "good", "error", "timeout", "unreachable", "bad pizza"]
OVENS: Final[dict[Oven, str]] = {"": "any", "factory": "the factory", "in-house": "in-house"}
OUTCOMES: Final[dict[Found, str]] = {
    "": "any",
    "failed": "failed",
    "good": "good",
    "error": "an error",
    "timeout": "too late",
    "unreachable": "not reached",
    "bad pizza": "a bad pizza",
}


class Filter(msgspec.Struct, frozen=True):
    """As the form's fields are; `order` as it was typed."""

    oven: Oven = ""
    outcome: Found = ""
    order: str = ""
    before: int | None = None

    def sought(self) -> Sought:
        """Raises Invalid."""
        order = self.order.strip()
        if order and not (order.isascii() and order.isdecimal() and 1 <= int(order[:17]) <= LARGEST_ID):
            raise Invalid("the order must be its number")
        return Sought(
            take=_SHOWN + 1,
            oven=self.oven or None,
            outcome=self.outcome or None,
            order_id=int(order) if order else None,
            before=self.before,
        )

    def older(self, last: int) -> str:
        given = {"oven": self.oven, "outcome": self.outcome, "order": self.order.strip(), "before": str(last)}
        return urlencode({name: value for name, value in given.items() if value})


@get("/attempts")
async def attempts(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    runbooks: Given[Runbooks],
    oven: FromQuery[Oven] = "",
    outcome: FromQuery[Found] = "",
    order: FromQuery[str] = "",
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
) -> Template:
    return await _list(request, site, person, runbooks, Filter(oven, outcome, order, before))


@post("/attempts/{attempt_id:int}/report", status_code=200)
async def report(
    attempt_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    runbooks: Given[Runbooks],
) -> Template:
    if not 1 <= attempt_id <= LARGEST_ID:
        raise NotFound(f"there is no attempt {attempt_id}")
    try:
        outcome = await runbooks.report_attempt(attempt_id, acting(person))
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return await _list(request, site, person, runbooks, Filter(), problem=refusal)
    return await _list(request, site, person, runbooks, Filter(), done=outcome)


async def _list(
    request: AnyRequest,
    site: Site,
    person: Person,
    runbooks: Runbooks,
    chosen: Filter,
    *,
    done: Outcome | None = None,
    problem: Refusal | None = None,
) -> Template:
    """The shop may be away: then the page says so."""
    found = []
    try:
        found = list(await runbooks.attempts(acting(person), chosen.sought()))
    except Refusal as refusal:
        problem = problem or refusal
    return site.draw(
        request,
        "console/attempts.html",
        status=problem.status if problem else 200,
        problem=spoken(problem.message) if problem else "",
        done=done,
        told=spoken(done.outcome) if done else "",
        attempts=found[:_SHOWN],
        older=chosen.older(found[_SHOWN - 1].id) if len(found) > _SHOWN else "",
        chosen=chosen,
        ovens=OVENS,
        outcomes=OUTCOMES,
        place="attempts",
    )


router = Router("/", route_handlers=[attempts, report])
