"""Reports over HTTP: as JSON to be edited, as Markdown, and as a page for print."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency as Given
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, JSONBody, PathParameter

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.reports import printing
from jwt_pizza.ops.reports.markdown import markdown
from jwt_pizza.ops.reports.model import Place, Saved, Saving, Version
from jwt_pizza.ops.reports.service import ReportDesk
from jwt_pizza.web import assets
from jwt_pizza.web.api import BEARER, PathId

_MARKDOWN: Final = "text/markdown"
_HTML: Final = "text/html"
_Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]


class Report(Wire, frozen=True):
    """`markdown` is the whole report; `version` holds the words of people that are in it; `suggestions`: what the
    evidence suggests where they have written nothing."""

    incident_id: int
    title: str
    markdown: str
    version: Version
    suggestions: Mapping[Place, str]


class Former(Wire, frozen=True):
    """A version, with the whole report as it was then."""

    version: Version
    markdown: str


def _text(kind: str, about: str) -> dict[int, ResponseSpec]:
    return {200: ResponseSpec(str, generate_examples=False, media_type=kind, description=about)}


@get("/api/incidents/{incident_id:int}/report", security=BEARER, summary="The report, made now")
async def report(
    incident_id: PathId,
    person: Given[Person],  # noqa: ARG001 - 401
    report_desk: Given[ReportDesk],
    public: FromQuery[bool] = False,
) -> Report:
    """`public`: without names, keys or customers' data."""
    made = await report_desk.draw(incident_id, public=public)
    version = await report_desk.last(incident_id)
    suggestions = await report_desk.suggest(incident_id)
    return Report(
        incident_id=incident_id, title=made.title, markdown=markdown(made), version=version, suggestions=suggestions
    )


@put("/api/incidents/{incident_id:int}/report", security=BEARER, summary="Save what only people know")
async def save(
    incident_id: PathId, data: JSONBody[Saving], person: Given[Person], report_desk: Given[ReportDesk]
) -> Version:
    """409 when somebody has saved another version meanwhile."""
    return await report_desk.save(incident_id, data, by=actor_of(person.id))


@get("/api/incidents/{incident_id:int}/report/versions", security=BEARER, summary="Who saved when, the newest first")
async def versions(
    incident_id: PathId,
    person: Given[Person],  # noqa: ARG001
    report_desk: Given[ReportDesk],
) -> Sequence[Saved]:
    return await report_desk.versions(incident_id)


@get("/api/incidents/{incident_id:int}/report/versions/{number:int}", security=BEARER, summary="A version as it was")
async def former(
    incident_id: PathId,
    number: _Number,
    person: Given[Person],  # noqa: ARG001
    report_desk: Given[ReportDesk],
) -> Former:
    found, text = await report_desk.version(incident_id, number)
    return Former(version=found, markdown=text)


@get(
    "/api/incidents/{incident_id:int}/report.md",
    security=BEARER,
    summary="The report as Markdown, its picture in it",
    media_type="text/markdown",
    responses=_text(_MARKDOWN, "Markdown"),
)
async def as_markdown(
    incident_id: PathId,
    person: Given[Person],  # noqa: ARG001
    report_desk: Given[ReportDesk],
    public: FromQuery[bool] = False,
) -> Response[str]:
    return Response(markdown(await report_desk.draw(incident_id, public=public)), media_type=_MARKDOWN)


@get(
    "/api/incidents/{incident_id:int}/report.html",
    security=BEARER,
    summary="The report as one HTML file for print",
    media_type="text/html",
    responses=_text(_HTML, "HTML"),
)
async def as_html(
    incident_id: PathId,
    person: Given[Person],  # noqa: ARG001
    report_desk: Given[ReportDesk],
    public: FromQuery[bool] = False,
) -> Response[str]:
    """With its stylesheet in it, so that the file can be kept and sent."""
    made = await report_desk.draw(incident_id, public=public)
    style = assets.load("report.css").body.decode()
    return Response(printing.page(made, style, linked=False), media_type=_HTML)


@post(
    "/api/incidents/{incident_id:int}/report/publication",
    status_code=200,
    security=BEARER,
    summary="Put the public edition on the status page (managers)",
)
async def publish(incident_id: PathId, person: Given[Person], report_desk: Given[ReportDesk]) -> Version:
    """As it is now: what changes later is public when it is published again."""
    await report_desk.publish(incident_id, by=actor_of(person.id), manages=person.manages)
    return await report_desk.last(incident_id)


router = Router("/", route_handlers=[report, save, versions, former, as_markdown, as_html, publish], tags=["reports"])
