"""The home page."""

from litestar import MediaType, Response, Router, get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.menu.pictures import pictures
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.errors import wants_html
from jwt_pizza.web.site import Site

_TEASED = 3


class Welcome(Wire, frozen=True):
    message: str
    version: str


@get("/")
async def home(
    request: AnyRequest,
    site: Given[Site],
    menu_keeper: Given[MenuKeeper],
    visitor: Given[Caller | None],  # noqa: ARG001 - the header shows who it is
    version: Given[str],
) -> Template | Response[Welcome]:
    """A page for a browser, JSON for anyone else."""
    if not wants_html(request):
        welcome = Welcome(message="welcome to JWT Pizza", version=version)
        return Response(welcome, media_type=MediaType.JSON, headers={"vary": "Accept"})
    items = await menu_keeper.items()
    page = site.draw(request, "menu/home.html", items=items[:_TEASED], pictures=pictures(items))
    page.headers["Vary"] = "Accept"
    return page


router = Router("/", route_handlers=[home])
