"""What one reads rather than does: about, the history of pizza, the docs."""

from typing import Final

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.reference import Endpoint, endpoints, pretty
from jwt_pizza.web.site import Site

_LONGEST_SAMPLE: Final = 4000


class Library(msgspec.Struct, frozen=True):
    """`ops` is the address of ops as people see it, if there is an ops."""

    ops: str | None

    @property
    def status_page(self) -> str | None:
        return f"{self.ops.rstrip('/')}/status" if self.ops else None


class Volume(msgspec.Struct, frozen=True):
    title: str
    about: str
    prefix: str


class Entry(msgspec.Struct, frozen=True):
    endpoint: Endpoint
    anchor: str
    response: str


VOLUMES: Final = {
    "service": Volume(
        "The service",
        "Accounts, menu, franchises and orders: what the pages of this site do, for programs. Log in with PUT "
        "/api/auth, and send the token with every call that needs one.",
        "/api/",
    ),
    "factory": Volume(
        "The factory",
        "Bakes pizzas for vendors, which is to say: signs them. Anybody may verify one. A vendor sends its API key as "
        "a bearer token, and may attack its own orders to see what its shop is made of.",
        "/factory/api/",
    ),
}


@get("/status")
async def status(library: Given[Library]) -> Redirect:
    """For whoever guesses the address: the page is kept by ops, so that it is there while the shop is not."""
    if library.status_page is None:
        raise NotFound("this shop has no status page")
    return Redirect(library.status_page, status_code=303)


@get("/about")
async def about(
    request: AnyRequest,
    site: Given[Site],
    library: Given[Library],
    visitor: Given[Caller | None],  # noqa: ARG001 - the header shows who it is
) -> Template:
    return site.draw(request, "reading/about.html", ops=library.ops)


@get("/history-of-pizza")
async def history(
    request: AnyRequest,
    site: Given[Site],
    visitor: Given[Caller | None],  # noqa: ARG001
) -> Template:
    return site.draw(request, "reading/history.html")


@get("/docs")
async def docs(
    request: AnyRequest,
    site: Given[Site],
    library: Given[Library],
    visitor: Given[Caller | None],  # noqa: ARG001
) -> Template:
    return site.draw(request, "reading/docs.html", volumes=VOLUMES, ops=library.ops)


@get("/docs/{name:str}")
async def volume(
    name: FromPath[str],
    request: AnyRequest,
    site: Given[Site],
    library: Given[Library],
    visitor: Given[Caller | None],  # noqa: ARG001
) -> Template:
    """From the OpenAPI schema, so that the two cannot differ."""
    found = VOLUMES.get(name)
    if name == "ops":
        return site.draw(request, "reading/ops.html", ops=library.ops)
    if found is None:
        raise NotFound("there is no such chapter")
    entries = [_entry(endpoint) for endpoint in endpoints(request.app, found.prefix)]
    return site.draw(request, "reading/volume.html", name=name, volume=found, entries=entries)


def _entry(endpoint: Endpoint) -> Entry:
    anchor = "-".join((endpoint.method, *endpoint.path.strip("/").split("/"))).lower()
    anchor = "".join(letter for letter in anchor if letter.isalnum() or letter == "-")
    return Entry(endpoint, anchor, "" if endpoint.response is None else pretty(endpoint.response)[:_LONGEST_SAMPLE])


router = Router("/", route_handlers=[status, about, history, docs, volume])
