"""Past orders: all of them by pages, favourites, the same again."""

from typing import Annotated

from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.deliveries.pages import within
from jwt_pizza.shop.deliveries.service import KeepsakeDesk
from jwt_pizza.shop.franchises.service import Franchising
from jwt_pizza.shop.menu.pictures import pictures
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.shop.orders.choice import Choice
from jwt_pizza.shop.orders.model import Line, Order
from jwt_pizza.shop.orders.pages import grouped
from jwt_pizza.shop.orders.service import OrderDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, local_path, read_form


@get("/history")
async def history(
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    menu_keeper: Given[MenuKeeper],
    desk: Given[OrderDesk],
    keepsakes: Given[KeepsakeDesk],
    caller: Given[Caller],
    page: Annotated[int, QueryParameter(ge=1, le=1_000_000)] = 1,
) -> Template:
    found = await desk.latest(caller, page=page)
    kept = await keepsakes.favourites(caller)
    stores = await franchising.store_names([order.store_id for order in (*found.orders, *kept)])

    def entry(order: Order) -> tuple[Order, list[tuple[Line, int]], str, str]:
        return order, grouped(order.lines), stores.get(order.store_id, ""), Choice.of(order).checkout()

    return site.draw(
        request,
        "deliveries/history.html",
        entries=[entry(order) for order in found.orders],
        favourites=[entry(order) for order in kept] if page == 1 else [],
        kept={order.id for order in kept},
        pictures=pictures(await menu_keeper.items()),
        page=page,
        more=found.more,
    )


@post("/history/{order_id:int}/favourite", status_code=200)
async def keep(
    order_id: FromPath[int], request: AnyRequest, keepsakes: Given[KeepsakeDesk], caller: Given[Caller]
) -> Redirect:
    form = await read_form(request)
    if form.get("keep") == "no":
        await keepsakes.drop(caller, within(order_id))
    else:
        await keepsakes.keep(caller, within(order_id))
    return go(local_path(form.get("next"), "/history"))


router = Router("/", route_handlers=[history, keep])
