"""The page behind a link in a message; the built-in phone and mailbox."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Template
from markupsafe import Markup, escape

from jwt_pizza.kernel.errors import NotFound, Unauthorized
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.replies.model import ACTIONS, Shown, View
from jwt_pizza.ops.replies.service import LinkDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, read_form

_LINK: Final = re.compile(r"https?://[^\s]+/a/[A-Za-z0-9_-]{10,64}")


class BuiltIn(msgspec.Struct, frozen=True):
    """What stands in for a phone or a mailbox. `open_to_all`: on a machine with demo data, without a login."""

    phone: bool
    mailbox: bool
    open_to_all: bool
    shown: Mapping[str, Callable[[], Awaitable[Sequence[Shown]]]]
    """Of each channel what was sent, the newest first."""


@get("/a/{token:str}")
async def look(request: AnyRequest, token: FromPath[str], site: Given[Site], link_desk: Given[LinkDesk]) -> Template:
    return _page(request, site, token, await link_desk.look(token))


@post("/a/{token:str}", status_code=200)
async def act(request: AnyRequest, token: FromPath[str], site: Given[Site], link_desk: Given[LinkDesk]) -> Template:
    # The token is the proof, and no cookie goes with it: there is no login whose forms another site could forge.
    action = ACTIONS.get((await read_form(request)).get("action", ""))
    if action is None:
        raise NotFound("this link can acknowledge, resolve or escalate")
    return _page(request, site, token, await link_desk.act(token, action))


@get("/phone")
async def phone(
    request: AnyRequest, site: Given[Site], built_in: Given[BuiltIn], maybe_person: Given[Person | None]
) -> Template:
    if not built_in.phone:
        raise NotFound("texts go out by a provider, so there is no built-in phone")
    return await _messages(request, site, built_in, maybe_person, "sms", "Phone")


@get("/mailbox")
async def mailbox(
    request: AnyRequest, site: Given[Site], built_in: Given[BuiltIn], maybe_person: Given[Person | None]
) -> Template:
    if not built_in.mailbox:
        raise NotFound("mail goes out by a server, so there is no built-in mailbox")
    return await _messages(request, site, built_in, maybe_person, "email", "Mailbox")


async def _messages(
    request: AnyRequest, site: Site, built_in: BuiltIn, person: Person | None, channel: str, name: str
) -> Template:
    if person is None and not built_in.open_to_all:
        raise Unauthorized
    if person is not None and not person.manages and not built_in.open_to_all:
        raise NotFound("only managers see what was sent to others")
    messages = [(each, _linked(each.text)) for each in await built_in.shown[channel]()]
    return site.draw(request, "replies/messages.html", name=name, messages=messages, place=channel)


def _page(request: AnyRequest, site: Site, token: str, view: View) -> Template:
    page = site.draw(request, "replies/link.html", token=token, view=view)
    # It is nobody's to keep, and the address is a secret.
    page.headers.update({"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})
    return page


def _linked(text: str) -> Markup:
    """With its links of ours to be tapped, as on a phone."""
    found = escape(text)
    return Markup(_LINK.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', str(found)))  # noqa: S704 - escaped above


link_router = Router("/", route_handlers=[look, act], include_in_schema=False)
router = Router("/", route_handlers=[phone, mailbox])
