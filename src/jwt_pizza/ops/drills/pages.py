"""The console's pages of drills: start one, follow it, do what is to be done in it, and read what it came to."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.ops.drills.model import KEYS, MANNERS, TEXTS, WAYS, Manner, Plan, Way
from jwt_pizza.ops.drills.said import Offer
from jwt_pizza.ops.drills.service import DrillDesk
from jwt_pizza.ops.events.telling import by
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.naming import names
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, read_form, sentence

OWN: Final = "your own"
_PICTURE: Final = re.compile(r"!\[([^\]]*)\]\(data:[^)]*\)")


@get("/drills")
async def drills(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001 - 401
    drill_desk: Given[DrillDesk],
    people_desk: Given[PeopleDesk],
    copy: FromQuery[str] = "",
) -> Template:
    """`copy`: the scenario, or the number of a drill, that one of your own begins as."""
    return await _list(request, site, drill_desk, people_desk, copy=copy)


@post("/drills", status_code=200)
async def start(
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    drill_desk: Given[DrillDesk],
    people_desk: Given[PeopleDesk],
) -> Template | Redirect:
    form = await read_form(request)
    try:
        drill = await drill_desk.start(_plan(form), person)
    except Refusal as refusal:
        return await _list(request, site, drill_desk, people_desk, refusal=refusal, form=form)
    return go(f"/drills/{drill.id}")


@get("/drills/{drill_id:int}")
async def drill(
    drill_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001
    drill_desk: Given[DrillDesk],
    people_desk: Given[PeopleDesk],
) -> Template:
    return await _drill(request, site, drill_desk, people_desk, drill_id)


@get("/drills/{drill_id:int}/report.md")
async def report(
    drill_id: FromPath[int],
    person: Given[Person],  # noqa: ARG001
    drill_desk: Given[DrillDesk],
) -> Response[str]:
    found, _ = await drill_desk.get(_known(drill_id))
    if found.result is None or not found.result.report:
        raise NotFound(f"drill {drill_id} has no report")
    saved = {"Content-Disposition": f'attachment; filename="drill-{drill_id}.md"'}
    return Response(found.result.report, media_type="text/markdown", headers=saved)


@post("/drills/{drill_id:int}/stop", status_code=200)
async def stop(drill_id: FromPath[int], person: Given[Person], drill_desk: Given[DrillDesk]) -> Redirect:
    await drill_desk.stop(_known(drill_id), person)
    return go(f"/drills/{drill_id}")


@post("/drills/{drill_id:int}/type", status_code=200)
async def do(
    drill_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    drill_desk: Given[DrillDesk],
    people_desk: Given[PeopleDesk],
) -> Template | Redirect:
    form = await read_form(request)
    try:
        await drill_desk.type(_known(drill_id), form.get("key", ""), form.get("text", ""), person)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return await _drill(request, site, drill_desk, people_desk, drill_id, refusal)
    return go(f"/drills/{drill_id}")


async def _list(
    request: AnyRequest,
    site: Site,
    desk: DrillDesk,
    people: PeopleDesk,
    *,
    copy: str = "",
    refusal: Refusal | None = None,
    form: Mapping[str, str] | None = None,
) -> Template:
    offers: Sequence[Offer] = ()
    try:
        offers = await desk.offers()
    except Refusal as unlisted:
        refusal = refusal or unlisted
    form = form or {}
    naming = names(await people.roster())
    return site.draw(
        request,
        "drills/drills.html",
        status=refusal.status if refusal else 200,
        problem=sentence(refusal.message) if refusal else "",
        offers=offers,
        drills=[(each, by(each.asked_by, naming)) for each in await desk.last()],
        source=form.get("source") or await _copied(desk, offers, copy),
        name=form.get("name", ""),
        way=form.get("way", "both"),
        manner=form.get("manner", "virtual"),
        ways=WAYS,
        manners=MANNERS,
        place="drills",
    )


async def _copied(desk: DrillDesk, offers: Sequence[Offer], copy: str) -> str:
    if copy.isascii() and copy.isdecimal() and 1 <= int(copy[:17]) <= LARGEST_ID:
        found, _ = await desk.get(int(copy))
        copy = found.plan.scenario
        if found.plan.source is not None:
            return found.plan.source
    return next((offer.source for offer in offers if offer.name == copy), "")


async def _drill(
    request: AnyRequest,
    site: Site,
    desk: DrillDesk,
    people: PeopleDesk,
    drill_id: int,
    refusal: Refusal | None = None,
) -> Template:
    found, entries = await desk.get(_known(drill_id))
    naming = names(await people.roster())
    result = found.result
    return site.draw(
        request,
        "drills/drill.html",
        status=refusal.status if refusal else 200,
        problem=sentence(refusal.message) if refusal else "",
        drill=found,
        asked_by=by(found.asked_by, naming),
        log=[(entry, by(entry.by, naming) if entry.by else "") for entry in entries],
        result=result,
        bad=[each for each in result.expectations if not each.good] if result else [],
        report=_PICTURE.sub(r"(\1)", result.report) if result else "",
        ways=WAYS,
        manners=MANNERS,
        keys=KEYS,
        texts=TEXTS,
        place="drills",
    )


def _plan(form: Mapping[str, str]) -> Plan:
    """Raises Invalid."""
    own = "source" in form
    try:
        return Plan(
            scenario=(" ".join(form.get("name", "").split())[:100] or OWN) if own else form.get("scenario", ""),
            source=form["source"].replace("\r\n", "\n") if own else None,
            way=msgspec.convert(form.get("way", "both"), Way),
            manner=msgspec.convert(form.get("manner", "virtual"), Manner),
        )
    except msgspec.ValidationError:
        raise Invalid(f"way is one of {', '.join(WAYS)}, manner one of {', '.join(MANNERS)}") from None


def _known(drill_id: int) -> int:
    if not 1 <= drill_id <= LARGEST_ID:
        raise NotFound(f"there is no drill {drill_id}")
    return drill_id


router = Router("/", route_handlers=[drills, start, drill, report, stop, do])
