"""The pictures of the menu's pizzas, kept for ever by browsers: uploaded ones, and drawn ones of all others."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec
from litestar import HttpMethod, Response, Router, route
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from markupsafe import Markup

from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.shop.menu.drawing import draw
from jwt_pizza.shop.menu.model import Offered
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.assets import FOREVER, Asset, answer, asset_of

WIDTHS: Final = (128, 256, 512)
"""Pixels, of uploaded pictures."""


class Picture(msgspec.Struct, frozen=True):
    """`drawn`: an address. `photograph`: the name of an uploaded one."""

    drawn: str
    photograph: str | None

    def at(self, width: int) -> Markup:
        """The attributes of an `img` that is shown so wide, also on screens with twice the pixels."""
        if self.photograph is None:
            return Markup('src="{}"').format(self.drawn)
        once, twice = self._file(width), self._file(2 * width)
        doubled = Markup(' srcset="{} 2x"').format(twice) if twice != once else ""
        return Markup('class="photograph" src="{}"{}').format(once, doubled)

    def _file(self, width: int) -> str:
        enough = next((each for each in WIDTHS if each >= width), WIDTHS[-1])
        return f"/photographs/{self.photograph}/{enough}.webp"


def pictures(items: Iterable[Offered]) -> Mapping[int, Picture]:
    """Their addresses change with what is drawn or uploaded."""
    return {item.id: Picture(_address(item), item.photograph) for item in items}


@route("/pictures/{name:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def picture(name: FromPath[str], request: AnyRequest, menu_keeper: Given[MenuKeeper]) -> Response[bytes]:
    for item in await menu_keeper.items():
        if name == f"{item.id}.svg":
            return answer(request, _drawn(item.title, item.description))
    raise NotFound("there is no such picture")


@route("/photographs/{name:str}/{file:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def photograph(name: FromPath[str], file: FromPath[str], menu_keeper: Given[MenuKeeper]) -> Response[bytes]:
    width = next((width for width in WIDTHS if file == f"{width}.webp"), None)
    if width is None or not (name.isascii() and name.isalnum()):
        raise NotFound("there is no such picture")
    body = await menu_keeper.photograph(name, width)
    return Response(body, media_type="image/webp", headers={"cache-control": FOREVER})


def _address(item: Offered) -> str:
    return f"/pictures/{item.id}.svg?v={_drawn(item.title, item.description).version}"


@lru_cache(maxsize=1024)
def _drawn(title: str, description: str) -> Asset:
    return asset_of(draw(title, description).encode(), "image/svg+xml")


router = Router("/", route_handlers=[picture, photograph], include_in_schema=False)
