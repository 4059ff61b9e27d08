"""The page that shows what all pages are put together from."""

from typing import Final

from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site

COLOURS: Final = (
    *("page", "surface", "sunken", "ink", "quiet", "line", "edge", "accent", "accent-strong", "good", "bad", "waiting"),
    *("jwt-header", "jwt-payload", "jwt-signature"),
)
"""As `static/style/1-tokens.css` names them."""


def design(layout: str) -> Router:
    @get("/design")
    async def page(
        request: AnyRequest,
        site: Given[Site],
        visitor: Given[object],  # noqa: ARG001 - the header shows who it is
    ) -> Template:
        return site.draw(request, "design/page.html", layout=layout, colours=COLOURS)

    return Router("/", route_handlers=[page], include_in_schema=False)
