"""Menu and checkout: the way to a pizza in a browser."""

import re
import secrets
from collections import Counter
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, Refusal, Unauthorized
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kernel.wire import MOST_PIZZAS
from jwt_pizza.kit import tracing
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.accounts.service import Sessions
from jwt_pizza.shop.franchises.service import Franchising
from jwt_pizza.shop.menu.pictures import pictures
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.shop.orders.choice import Choice
from jwt_pizza.shop.orders.hatch import Hatch
from jwt_pizza.shop.orders.model import ChaosMonkey, KeyReused, Line, Order, PriceChanged, Quote
from jwt_pizza.shop.orders.service import OrderDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, read_form, sentence, with_next

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_FRANCHISES: Final = 50
_A_DAY: Final = 86400
_A_YEAR: Final = 365 * 86400
_STORE, _BASKET = "store", "basket"
"""What a browser keeps: where its pizzas were last baked, and what was chosen and not paid yet."""


@get("/menu")
async def menu(
    request: AnyRequest,
    site: Given[Site],
    menu_keeper: Given[MenuKeeper],
    franchising: Given[Franchising],
    visitor: Given[Caller | None],  # noqa: ARG001 - the header shows who it is
) -> Template:
    choice = Choice.read(request.query_params)
    if not choice.quantities and not choice.store:
        kept = Choice.recall(site.kept(request, _BASKET))
        choice = Choice(kept.store or site.kept(request, _STORE), kept.quantities)
    return await _menu(request, site, menu_keeper, franchising, choice)


@get("/checkout")
async def checkout(
    request: AnyRequest,
    site: Given[Site],
    menu_keeper: Given[MenuKeeper],
    franchising: Given[Franchising],
    desk: Given[OrderDesk],
    visitor: Given[Caller | None],
) -> Template | Redirect:
    choice = Choice.read(request.query_params)
    try:
        quote = await desk.quote(visitor, choice.store_id(), choice.menu_ids())
    except Refusal as error:
        return await _menu(request, site, menu_keeper, franchising, choice, sentence(error.message), error.status)
    key = request.query_params.get("key", "")
    if not _KEY.fullmatch(key):
        return go(choice.checkout(secrets.token_urlsafe(18)))
    if visitor is None:
        return go(with_next("/login", choice.checkout(key)))
    first = await desk.placed(visitor, key)
    if first is not None and first.status == "voided":
        # The oven failed: what the diner wants now is another order.
        return go(choice.checkout(secrets.token_urlsafe(18)))
    return await _checkout(request, site, franchising, choice, quote, key, menu_keeper, paid=first)


@post("/checkout", status_code=200)
async def pay(
    request: AnyRequest,
    site: Given[Site],
    menu_keeper: Given[MenuKeeper],
    franchising: Given[Franchising],
    desk: Given[OrderDesk],
    hatch: Given[Hatch],
    sessions: Given[Sessions],
    visitor: Given[Caller | None],
) -> Template | Redirect:
    """However often it is sent, one key places one order, and every sending leads to its delivery."""
    form = await read_form(request)
    choice, key, token = Choice.read(form), form.get("key", ""), site.session_token(request)
    if not _KEY.fullmatch(key):
        raise Invalid("Choose your pizzas on the menu first")
    quote = None
    try:
        if visitor is None or token is None:
            return go(with_next("/login", choice.checkout(key)))
        quote = await desk.quote(visitor, choice.store_id(), choice.menu_ids())
        with tracing.span("order"):
            order_id = await hatch.place(visitor, quote.basket, key, lambda: sessions.identify(token), _agreed(form))
    except Unauthorized:
        return go(with_next("/login", choice.checkout(key)))
    except Refusal as error:
        first = await desk.placed(visitor, key) if visitor else None
        if first is not None and not isinstance(error, KeyReused):
            return go(f"/delivery/{first.id}")
        problem = _what_happened(error)
        if quote is None:
            return await _menu(request, site, menu_keeper, franchising, choice, problem, error.status)
        page = await _checkout(
            request, site, franchising, choice, quote, key, menu_keeper, problem=problem, status=error.status
        )
        if error.retry_after is not None:
            page.headers["Retry-After"] = str(error.retry_after)
        return page
    store = site.keep(_STORE, choice.store, _A_YEAR)
    return go(f"/delivery/{order_id}", store, site.keep(_BASKET, "", 0))


async def _menu(
    request: AnyRequest,
    site: Site,
    menu_keeper: MenuKeeper,
    franchising: Franchising,
    choice: Choice,
    problem: str = "",
    status: int = 200,
) -> Template:
    # Beyond a page of franchises the visitor looks for theirs by name.
    sought = request.query_params.get("franchise", "")[:100].replace("\0", "")
    found = await franchising.page(None, page=0, limit=_FRANCHISES, name=f"*{sought}*" if sought else "*")
    items = await menu_keeper.items()
    return site.draw(
        request,
        "orders/menu.html",
        status=status,
        items=items,
        pictures=pictures(items),
        franchises=[franchise for franchise in found.franchises if franchise.stores],
        sought=sought,
        more=found.more,
        choice=choice,
        problem=problem,
        most=MOST_PIZZAS,
    )


async def _checkout(
    request: AnyRequest,
    site: Site,
    franchising: Franchising,
    choice: Choice,
    quote: Quote,
    key: str,
    menu_keeper: MenuKeeper,
    *,
    paid: Order | None = None,
    problem: str = "",
    status: int = 200,
) -> Template:
    stores = await franchising.store_names([quote.basket.store_id])
    return site.draw(
        request,
        "orders/checkout.html",
        status=status,
        lines=grouped(quote.lines),
        pictures=pictures(await menu_keeper.items()),
        due=quote.due,
        discount=quote.discount,
        store=stores.get(quote.basket.store_id, ""),
        cookies=[site.keep(_BASKET, urlencode(choice.fields()), _A_DAY)],
        fields={**choice.fields(), "key": key, "total": str(quote.due)},
        change=f"/menu?{urlencode(choice.fields())}",
        again=choice.checkout(),
        paid=paid,
        problem=problem,
    )


def grouped(lines: tuple[Line, ...]) -> list[tuple[Line, int]]:
    return list(Counter(lines).items())


def _agreed(form: Mapping[str, str]) -> Satoshis:
    total = form.get("total", "")
    if not (total.isascii() and total.isdecimal() and len(total) <= 18):
        raise PriceChanged
    return Satoshis(int(total))


def _what_happened(error: Refusal) -> str:
    if isinstance(error, PriceChanged):
        return "A price has changed since you last saw this page. You were not charged: please look at the new total."
    if isinstance(error, KeyReused):
        return "This page has paid for another order before. You were not charged again: start anew from the menu."
    if isinstance(error, ChaosMonkey):
        return "The oven failed. You were not charged: please try again."
    if error.status < 500:
        return f"{sentence(error.message)} You were not charged."
    # A commit may have gone through although its answer was lost; the key makes sure of the rest.
    return "We cannot say yet whether this order went through. Press Pay again: it is charged at most once."


router = Router("/", route_handlers=[menu, checkout, pay])
