"""The menu over HTTP."""

from decimal import Decimal

from litestar import MediaType, Response, Router, get, put
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.menu.model import MenuItem
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.web.api import BEARER, AnyRequest
from jwt_pizza.web.express import Call, Lane, Reply, through
from jwt_pizza.web.openapi import answers


class NewItem(Wire, frozen=True):
    """`price` is in BTC, with at most 8 decimals."""

    title: str | None = None
    description: str | None = None
    image: str | None = None
    price: Decimal | None = None


def menu_lane(menu_keeper: MenuKeeper) -> Lane:
    async def show(_: Call) -> Reply:
        return Reply(await menu_keeper.show())

    return show


@get("/api/order/menu", summary="The menu", responses=answers(list[MenuItem]))
async def show(request: AnyRequest, show_menu: Given[Lane]) -> Response[bytes]:
    return await through(show_menu, request)


@put("/api/order/menu", security=BEARER, summary="Add an item to the menu", responses=answers(list[MenuItem]))
async def add(data: JSONBody[NewItem], caller: Given[Caller], menu_keeper: Given[MenuKeeper]) -> Response[bytes]:
    menu = await menu_keeper.add(caller, data.title, data.description, data.image, data.price)
    return Response(menu, media_type=MediaType.JSON)


router = Router("/", route_handlers=[show, add], tags=["menu"])
