"""The pictures of the menu's pizzas, drawn once in a process and kept for ever by browsers."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from litestar import HttpMethod, Response, Router, route
from litestar.di import NamedDependency as Given
from litestar.params import FromPath

from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.shop.menu.drawing import draw
from jwt_pizza.shop.menu.model import MenuItem
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.assets import Asset, answer, asset_of


def pictures(items: Iterable[MenuItem]) -> Mapping[int, str]:
    """The addresses of their pictures, which change with what is drawn."""
    return {item.id: f"/pictures/{item.id}.svg?v={_drawn(item.title, item.description).version}" for item in items}


@route("/pictures/{name:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def picture(name: FromPath[str], request: AnyRequest, menu_keeper: Given[MenuKeeper]) -> Response[bytes]:
    for item in await menu_keeper.items():
        if name == f"{item.id}.svg":
            return answer(request, _drawn(item.title, item.description))
    raise NotFound("there is no such picture")


@lru_cache(maxsize=1024)
def _drawn(title: str, description: str) -> Asset:
    return asset_of(draw(title, description).encode(), "image/svg+xml")


router = Router("/", route_handlers=[picture], include_in_schema=False)
