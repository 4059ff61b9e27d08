"""The public's pages, and the form with which engineers tell the public."""

from typing import Annotated, Final

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, PathParameter
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.ops.events.model import actor_of
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.status.board import LONGEST, NewUpdate
from jwt_pizza.ops.status.measuring import PARTS
from jwt_pizza.ops.status.press import HOME, Press
from jwt_pizza.ops.status.rack import Rack
from jwt_pizza.ops.status.service import StatusDesk
from jwt_pizza.ops.status.subscribers import Purpose, SubscriberDesk
from jwt_pizza.web.api import AnyRequest, client_address
from jwt_pizza.web.express import through
from jwt_pizza.web.site import Site, go, read_form
from jwt_pizza.web.site import sentence as spoken

_NO_STORE: Final = {"Cache-Control": "no-store"}


@get(HOME)
async def home(request: AnyRequest, status_rack: Given[Rack]) -> Response[bytes]:
    return await through(status_rack.lane(HOME), request)


@get(f"{HOME}/{{feed:str}}")
async def feed(
    feed: Annotated[str, PathParameter(pattern=r"^feed\.(atom|rss)$")], request: AnyRequest, status_rack: Given[Rack]
) -> Response[bytes]:
    return await through(status_rack.lane(f"{HOME}/{feed}"), request)


@get(f"{HOME}/incidents/{{incident_id:int}}")
async def incident(incident_id: FromPath[int], request: AnyRequest, status_rack: Given[Rack]) -> Response[bytes]:
    return await through(status_rack.lane(f"{HOME}/incidents/{incident_id}"), request)


@post(f"{HOME}/subscription", status_code=200)
async def subscribe(
    request: AnyRequest, subscriber_desk: Given[SubscriberDesk], status_press: Given[Press]
) -> Response[str]:
    """From our own page or from a copy of it anywhere: all that it does is to send a letter that asks."""
    form = await read_form(request)
    try:
        await subscriber_desk.ask(form.get("email", ""), client_address(request))
    except Refusal as refusal:
        return _refused(status_press, refusal)
    return _page(
        status_press,
        title="Check your mail",
        text="If this address can get mail, a letter with a link is under way. Updates come once you have opened it.",
    )


@get(f"{HOME}/subscription/{{purpose:str}}")
async def ask_again(
    purpose: Annotated[str, PathParameter(pattern=r"^(confirm|end)$")],
    request: AnyRequest,
    subscriber_desk: Given[SubscriberDesk],
    status_press: Given[Press],
) -> Response[str]:
    """A button: links are opened by robots, too."""
    token = request.query_params.get("token", "")
    wanted: Purpose = "confirm" if purpose == "confirm" else "end"
    try:
        await subscriber_desk.check(wanted, token)
    except Refusal as refusal:
        return _refused(status_press, refusal)
    title, button = ("Get updates?", "Yes, by mail") if wanted == "confirm" else ("No more updates?", "No more mail")
    return _page(status_press, title=title, button=button, action=f"{HOME}/subscription/{wanted}", token=token)


@post(f"{HOME}/subscription/{{purpose:str}}", status_code=200)
async def answer(
    purpose: Annotated[str, PathParameter(pattern=r"^(confirm|end)$")],
    request: AnyRequest,
    subscriber_desk: Given[SubscriberDesk],
    status_press: Given[Press],
) -> Response[str]:
    """A mail program's one click, as RFC 8058 has it, comes here too: its token is in the address."""
    token = request.query_params.get("token") or (await read_form(request)).get("token", "")
    try:
        if purpose == "confirm":
            await subscriber_desk.confirm(token)
            return _page(status_press, title="You get updates", text="Every letter has a link that ends them.")
        await subscriber_desk.unsubscribe(token)
    except Refusal as refusal:
        return _refused(status_press, refusal)
    return _page(status_press, title="No more mail", text="Your address is deleted.")


@get("/incidents/{incident_id:int}/updates")
async def form(
    incident_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],  # noqa: ARG001 - 401
    status_desk: Given[StatusDesk],
) -> Template:
    return await _form(request, site, status_desk, incident_id)


@post("/incidents/{incident_id:int}/updates", status_code=200)
async def tell(
    incident_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    person: Given[Person],
    status_desk: Given[StatusDesk],
) -> Template | Redirect:
    sent = await read_form(request)
    parts = [part for part in PARTS if sent.get(f"part-{part}")]
    body = {"status": sent.get("status"), "text": sent.get("text"), "components": parts}
    if sent.get("title", "").strip():
        body["title"] = sent["title"]
    try:
        update = _converted(body)
        await status_desk.tell(_known(incident_id), update, by=actor_of(person.id))
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return await _form(request, site, status_desk, incident_id, refusal, sent.get("text", ""))
    return go(f"/incidents/{incident_id}/updates")


async def _form(
    request: AnyRequest,
    site: Site,
    desk: StatusDesk,
    incident_id: int,
    refusal: Refusal | None = None,
    text: str = "",
) -> Template:
    try:
        known = await desk.get(_known(incident_id))
    except NotFound:
        known = None
    return site.draw(
        request,
        "status/updates.html",
        status=refusal.status if refusal else 200,
        problem=spoken(refusal.message) if refusal else "",
        incident_id=incident_id,
        known=known,
        text=text,
        parts=PARTS,
        longest=LONGEST,
        place="incidents",
    )


def _converted(body: object) -> NewUpdate:
    try:
        return msgspec.convert(body, NewUpdate)
    except msgspec.ValidationError as error:
        raise Invalid(f"say what customers are to read, and how it stands ({error})") from None


def _known(incident_id: int) -> int:
    if not 1 <= incident_id <= LARGEST_ID:
        raise NotFound(f"there is no incident {incident_id}")
    return incident_id


def _refused(press: Press, refusal: Refusal) -> Response[str]:
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else {}
    page = press.message(title="That did not work", text=spoken(refusal.message), button="", action="", token="")
    return Response(page, status_code=refusal.status, media_type=MediaType.HTML, headers=_NO_STORE | headers)


def _page(
    press: Press, *, title: str, text: str = "", button: str = "", action: str = "", token: str = ""
) -> Response[str]:
    page = press.message(title=title, text=text, button=button, action=action, token=token)
    return Response(page, media_type=MediaType.HTML, headers=_NO_STORE)


public = Router("/", route_handlers=[home, feed, incident, subscribe, ask_again, answer], include_in_schema=False)
router = Router("/", route_handlers=[form, tell])
