"""The keys of the console, for those who have no script: what `?` shows over every page."""

from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site


@get("/keys")
async def keys(
    request: AnyRequest,
    site: Given[Site],
    maybe_person: Given[Person | None],  # noqa: ARG001 - the header shows who it is
) -> Template:
    return site.draw(request, "console/keys.html", place="keys")


router = Router("/", route_handlers=[keys])
