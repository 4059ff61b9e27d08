"""An order's own page: in the oven, delivered, or what became of it."""

import re
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Final

import segno
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Stream, Template
from markupsafe import Markup

from jwt_pizza.kernel.errors import NotFound, Refusal, TooMany, Unavailable
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.deliveries.explained import explain
from jwt_pizza.shop.deliveries.service import KeepsakeDesk
from jwt_pizza.shop.franchises.service import Franchising
from jwt_pizza.shop.menu.pictures import pictures
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.shop.orders.choice import Choice
from jwt_pizza.shop.orders.hatch import Hatch
from jwt_pizza.shop.orders.model import Inspector, Order, is_pizza_of
from jwt_pizza.shop.orders.pages import grouped
from jwt_pizza.shop.orders.service import OrderDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.line import ClientGone, Line
from jwt_pizza.web.site import Site, go, sentence

_SHARE: Final = re.compile(r"[A-Za-z0-9_-]{22}")


@get("/delivery/{order_id:int}")
async def delivery(
    order_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    menu_keeper: Given[MenuKeeper],
    desk: Given[OrderDesk],
    keepsakes: Given[KeepsakeDesk],
    caller: Given[Caller],
) -> Template:
    order = await _own(desk, caller, order_id)
    return await _delivery(request, site, franchising, menu_keeper, keepsakes, order)


@get("/delivery/{order_id:int}/events")
async def events(
    order_id: FromPath[int],
    request: AnyRequest,
    desk: Given[OrderDesk],
    hatch: Given[Hatch],
    caller: Given[Caller],
) -> Stream:
    """Server-sent events: the order's status, again when it changes; the stream ends with it, or after a while."""
    order = await _own(desk, caller, order_id)
    line = Line(request.scope, request.receive)

    async def told() -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"
        try:
            async for state in hatch.watch(caller, order.id, line.pause):
                yield b"event: status\ndata: %s\n\n" % state.status.encode()
        except ClientGone:
            return

    return Stream(told(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


@post("/delivery/{order_id:int}/verify", status_code=200)
async def verify(
    order_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    menu_keeper: Given[MenuKeeper],
    desk: Given[OrderDesk],
    keepsakes: Given[KeepsakeDesk],
    inspector: Given[Inspector],
    caller: Given[Caller],
) -> Template:
    order = await _own(desk, caller, order_id)
    pizza = await inspector.inspect(order.jwt) if order.jwt else None
    good = pizza is not None and is_pizza_of(order, pizza)
    return await _delivery(request, site, franchising, menu_keeper, keepsakes, order, verified=good)


@post("/delivery/{order_id:int}/share", status_code=200)
async def share(order_id: FromPath[int], keepsakes: Given[KeepsakeDesk], caller: Given[Caller]) -> Redirect:
    await keepsakes.share(caller, within(order_id))
    return go(f"/delivery/{order_id}#share")


@post("/delivery/{order_id:int}/unshare", status_code=200)
async def unshare(order_id: FromPath[int], keepsakes: Given[KeepsakeDesk], caller: Given[Caller]) -> Redirect:
    await keepsakes.take_back(caller, within(order_id))
    return go(f"/delivery/{order_id}#share")


@post("/delivery/{order_id:int}/receipt", status_code=200)
async def mail_receipt(
    order_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    menu_keeper: Given[MenuKeeper],
    desk: Given[OrderDesk],
    keepsakes: Given[KeepsakeDesk],
    caller: Given[Caller],
) -> Template | Redirect:
    order = await _own(desk, caller, order_id)
    stores = await franchising.store_names([order.store_id])
    try:
        await keepsakes.mail_receipt(caller, order.id, stores.get(order.store_id, ""))
    except (TooMany, Unavailable) as refused:
        return await _delivery(request, site, franchising, menu_keeper, keepsakes, order, refused=refused)
    return go(f"/delivery/{order.id}?mailed=yes#keep")


@get("/keys.json")
async def keys(inspector: Given[Inspector]) -> Response[bytes]:
    """The public keys of every oven that the shop bakes in, for browsers that verify by themselves: they ask nobody
    but this site."""
    return Response(await inspector.keys(), media_type=MediaType.JSON)


@get("/pizza/{token:str}")
async def shown(
    token: FromPath[str],
    request: AnyRequest,
    site: Given[Site],
    menu_keeper: Given[MenuKeeper],
    franchising: Given[Franchising],
    keepsakes: Given[KeepsakeDesk],
    inspector: Given[Inspector],
    visitor: Given[Caller | None],  # noqa: ARG001 - the header shows who it is
) -> Template:
    """A pizza, for whoever has the link. The factory's verdict is on it: no script is needed to believe it."""
    order = await keepsakes.shown(token) if _SHARE.fullmatch(token) else None
    explained = explain(order.jwt) if order else None
    if order is None or order.jwt is None or explained is None:
        raise NotFound("there is no such pizza")
    pizza = await inspector.inspect(order.jwt)
    stores = await franchising.store_names([order.store_id])
    return site.draw(
        request,
        "deliveries/shown.html",
        order=order,
        explained=explained,
        lines=grouped(order.lines),
        pictures=pictures(await menu_keeper.items()),
        store=stores.get(order.store_id, ""),
        verified=pizza is not None and is_pizza_of(order, pizza),
    )


async def _delivery(
    request: AnyRequest,
    site: Site,
    franchising: Franchising,
    menu_keeper: MenuKeeper,
    keepsakes: KeepsakeDesk,
    order: Order,
    *,
    verified: bool | None = None,
    refused: Refusal | None = None,
) -> Template:
    """`verified` is None when nobody asked."""
    stores = await franchising.store_names([order.store_id])
    shared = await keepsakes.share_of(order)
    link = f"{site.origin(request)}/pizza/{shared.token}" if shared else ""
    return site.draw(
        request,
        "deliveries/delivery.html",
        status=refused.status if refused else 200,
        problem=sentence(refused.message) if refused else "",
        mailed=request.query_params.get("mailed") == "yes",
        order=order,
        lines=grouped(order.lines),
        pictures=pictures(await menu_keeper.items()),
        store=stores.get(order.store_id, ""),
        again=Choice.of(order).checkout(),
        explained=explain(order.jwt),
        verified=verified,
        link=link,
        code=_qr_code(link) if link else "",
    )


@lru_cache(maxsize=256)
def _qr_code(link: str) -> Markup:
    """SVG without styles; its text is only digits and letters of drawing commands."""
    drawn = segno.make(link, error="m", micro=False)
    return Markup(drawn.svg_inline(scale=4, border=2, omitsize=True, svgclass=None, lineclass=None))  # noqa: S704


def within(order_id: int) -> int:
    """Raises NotFound for what is no order's number."""
    if not 1 <= order_id <= LARGEST_ID:
        raise NotFound("unknown order")
    return order_id


async def _own(desk: OrderDesk, caller: Caller, order_id: int) -> Order:
    return await desk.get(caller, within(order_id))


router = Router("/", route_handlers=[delivery, events, verify, share, unshare, mail_receipt, keys, shown])
