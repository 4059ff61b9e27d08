"""Whether somebody would be paged in the coming days, and who would not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.params import QueryParameter
from litestar.response import Template

from jwt_pizza.ops.console.setup.silences import written
from jwt_pizza.ops.coverage.model import Finding, Kind, Report
from jwt_pizza.ops.coverage.service import CoverageDesk
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.routing.service import RoutingDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site

_TITLES: Final[Mapping[str, Sequence[Kind]]] = {
    "Gaps in schedules": ("schedule-gap", "calendar-unread", "calendar-unknown"),
    "Chains that reach nobody": ("chain-gap", "chain-names-gone"),
    "People who cannot be reached": ("person-unreachable", "rules-unreachable", "rule-dead"),
    "Alerts that page nobody": ("no-route", "route-without-chain"),
}
_DAYS: Final = (7, 14, 30)


class Trouble(msgspec.Struct, frozen=True):
    about: str
    message: str
    problem: bool
    starts: datetime | None
    ends: datetime | None


class Chapter(msgspec.Struct, frozen=True):
    """`problems`: how many of its troubles are more than a warning."""

    title: str
    problems: int
    troubles: Sequence[Trouble]


@get("/coverage")
async def coverage(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001 - 401
    coverage_desk: Given[CoverageDesk],
    routing_desk: Given[RoutingDesk],
    days: Annotated[int, QueryParameter(ge=1, le=90)] = 14,
) -> Template:
    report = await coverage_desk.report(days)
    return site.draw(
        request,
        "console/coverage.html",
        covered=report.covered,
        until=datetime.fromisoformat(report.until),
        chapters=chapters(report),
        warnings=sum(finding.severity != "problem" for finding in report.findings),
        quiet=[(each, written(each.matchers)) for each in await routing_desk.silences()],
        days=days,
        spans=_DAYS,
        place="on-call",
        tab="coverage",
    )


def chapters(report: Report) -> Sequence[Chapter]:
    """Pure; every kind of finding has its place."""
    made = []
    for title, kinds in _TITLES.items():
        troubles = [_trouble(finding) for finding in report.findings if finding.kind in kinds]
        made.append(Chapter(title, sum(trouble.problem for trouble in troubles), troubles))
    return made


def _trouble(finding: Finding) -> Trouble:
    return Trouble(
        about=finding.about,
        message=finding.message,
        problem=finding.severity == "problem",
        starts=datetime.fromisoformat(finding.starts) if finding.starts else None,
        ends=datetime.fromisoformat(finding.ends) if finding.ends else None,
    )


router = Router("/", route_handlers=[coverage])
