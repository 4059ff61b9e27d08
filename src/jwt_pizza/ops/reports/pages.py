"""The report in the console: what only people know beside the whole, and a page for print."""

from collections.abc import Mapping
from typing import Final

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.reports import printing
from jwt_pizza.ops.reports.model import LONGEST, SUGGESTED, TITLES, Place, Saving, Words
from jwt_pizza.ops.reports.service import ReportDesk
from jwt_pizza.web import assets
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, read_form
from jwt_pizza.web.site import sentence as spoken

_HTML: Final = "text/html"
_HINTS: Final[Mapping[Place, str]] = {
    "root-cause": "What the evidence suggests, for you to correct.",
    "prevention": "What the evidence suggests, for you to correct.",
    "action-items": "What the evidence suggests: a list, `1. …` a line.",
    "detection": "Comes after what was computed: why nobody looked sooner, for example.",
    "response": "Comes after what was computed.",
}


@get("/incidents/{incident_id:int}/report")
async def show(
    incident_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    report_desk: Given[ReportDesk],
    people_desk: Given[PeopleDesk],
) -> Template:
    version = await report_desk.last(_known(incident_id))
    saving = Saving(sections=version.words.sections, shown=version.words.shown, version=version.version)
    return await _editor(request, site, report_desk, people_desk, person, incident_id, saving)


@post("/incidents/{incident_id:int}/report", status_code=200)
async def write(
    incident_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    report_desk: Given[ReportDesk],
    people_desk: Given[PeopleDesk],
) -> Template | Redirect:
    """Saves, publishes, or shows what it would look like."""
    form = await read_form(request)
    saving = _written(form, await report_desk.suggest(_known(incident_id)))
    try:
        if form.get("do") != "preview":
            saved = await report_desk.save(_known(incident_id), saving, by=actor_of(person.id))
            # Should it be refused now, what they wrote is saved: the form goes on from there.
            saving = msgspec.structs.replace(saving, version=saved.version)
            if form.get("do") == "publish":
                await report_desk.publish(incident_id, by=actor_of(person.id), manages=person.manages)
            return go(f"/incidents/{incident_id}/report")
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        # What they wrote is still in the form.
        return await _editor(request, site, report_desk, people_desk, person, incident_id, saving, refusal)
    return await _editor(request, site, report_desk, people_desk, person, incident_id, saving)


@get("/incidents/{incident_id:int}/report/print")
async def on_paper(
    incident_id: FromPath[int],
    request: AnyRequest,
    person: Given[Person],  # noqa: ARG001
    report_desk: Given[ReportDesk],
) -> Response[str]:
    made = await report_desk.draw(_known(incident_id), public="public" in request.query_params)
    return Response(printing.page(made, assets.address("report.css"), linked=True), media_type=_HTML)


async def _editor(
    request: AnyRequest,
    site: Site,
    desk: ReportDesk,
    people_desk: PeopleDesk,
    person: Person,
    incident_id: int,
    saving: Saving,
    refusal: Refusal | None = None,
) -> Template:
    made = await desk.draw(incident_id, words=Words(sections=saving.sections, shown=saving.shown))
    suggestions = await desk.suggest(incident_id)
    people = [found.person for found in (await people_desk.roster()).people.values() if not found.person.operates]
    return site.draw(
        request,
        "reports/editor.html",
        status=refusal.status if refusal else 200,
        problem=spoken(refusal.message) if refusal else "",
        incident_id=incident_id,
        saving=saving,
        versions=await desk.versions(incident_id),
        places=[
            (place, title, saving.sections.get(place, suggestions.get(place, "")), _HINTS.get(place, ""))
            for place, title in TITLES.items()
        ],
        suggested=SUGGESTED,
        longest=LONGEST,
        people=sorted(people, key=lambda each: each.name.casefold()),
        manages=person.manages,
        standing=await desk.standing(incident_id),
        title=made.title,
        preview=printing.body(made, level=2),
        place="incidents",
    )


def _written(form: Mapping[str, str], suggestions: Mapping[Place, str]) -> Saving:
    """A suggestion that was left as it was is not theirs: it goes on following the evidence. Raises Invalid."""
    typed = {place: form[place].replace("\r\n", "\n").strip() for place in TITLES if form.get(place)}
    sections = {place: text for place, text in typed.items() if text and text != suggestions.get(place, "").strip()}
    shown = [name.removeprefix("shown-") for name in form if name.startswith("shown-")]
    body = {"sections": sections, "shown": shown, "version": form.get("version", "")}
    try:
        return msgspec.convert(body, Saving, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"the form cannot be read: {error}") from None


def _known(incident_id: int) -> int:
    if not 1 <= incident_id <= LARGEST_ID:
        raise NotFound(f"there is no incident {incident_id}")
    return incident_id


router = Router("/", route_handlers=[show, write, on_paper])
