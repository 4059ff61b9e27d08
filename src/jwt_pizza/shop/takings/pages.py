"""A franchisee's pages: what the stores take, line by line if wished, and opening and closing them."""

import csv
import io
from datetime import date
from typing import Annotated, Final

from litestar import Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.kernel.money import btc_text
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.franchises.model import Franchise
from jwt_pizza.shop.franchises.service import Franchising
from jwt_pizza.shop.takings.chart import chart
from jwt_pizza.shop.takings.service import MOST_LINES, TakingsDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.sheets import harmless
from jwt_pizza.web.site import Site, go, read_form, sentence

_COLUMNS: Final = (
    "order",
    "placed at",
    "store",
    "pizzas",
    "price BTC",
    "paid by goodwill BTC",
    "taken BTC",
    "status",
    "why",
)


@get("/franchise")
async def franchises(
    request: AnyRequest, site: Given[Site], franchising: Given[Franchising], caller: Given[Caller]
) -> Template | Redirect:
    run = await franchising.run_by(caller, caller.user.id)
    if len(run) == 1:
        return go(f"/franchise/{run[0].id}")
    return site.draw(request, "takings/franchises.html", franchises=run)


@get("/franchise/{franchise_id:int}")
async def franchise(
    franchise_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    takings_desk: Given[TakingsDesk],
    caller: Given[Caller],
) -> Template:
    return await _franchise(request, site, franchising, takings_desk, caller, franchise_id)


@post("/franchise/{franchise_id:int}/stores", status_code=200)
async def open_store(
    franchise_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    takings_desk: Given[TakingsDesk],
    caller: Given[Caller],
) -> Template | Redirect:
    name = (await read_form(request)).get("name", "")
    found = await _managed(franchising, caller, franchise_id)
    try:
        await franchising.open_store(caller, found.id, name)
    except Refusal as refused:
        return await _franchise(request, site, franchising, takings_desk, caller, franchise_id, refused, name)
    return go(f"/franchise/{franchise_id}#stores")


@get("/franchise/{franchise_id:int}/stores/{store_id:int}/close")
async def ask_to_close(
    franchise_id: FromPath[int],
    store_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    caller: Given[Caller],
) -> Template:
    found = await _managed(franchising, caller, franchise_id)
    name = next((store.name for store in found.stores if store.id == store_id), None)
    if name is None:
        raise NotFound("unknown store")
    return site.draw(
        request,
        "takings/confirm.html",
        place="franchise",
        question=f"Close {found.name} {name}?",
        consequences="It takes no more orders from this moment on. Its orders and revenue stay in the books.",
        verb="Close the store",
        back=f"/franchise/{franchise_id}",
    )


@post("/franchise/{franchise_id:int}/stores/{store_id:int}/close", status_code=200)
async def close_store(
    franchise_id: FromPath[int], store_id: FromPath[int], franchising: Given[Franchising], caller: Given[Caller]
) -> Redirect:
    found = await _managed(franchising, caller, franchise_id)
    await franchising.close_store(caller, found.id, _within(store_id))
    return go(f"/franchise/{franchise_id}#stores")


@get("/franchise/{franchise_id:int}/books")
async def books(
    franchise_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    takings_desk: Given[TakingsDesk],
    caller: Given[Caller],
    page: Annotated[int, QueryParameter(ge=1, le=100_000)] = 1,
) -> Template:
    found = await _managed(franchising, caller, franchise_id)
    problem = ""
    since, until, special = request.query_params.get("since"), request.query_params.get("until"), _special(request)
    try:
        shown = await takings_desk.books(
            caller, found.id, since=_day(since), until=_day(until), special=special, page=page
        )
    except Invalid as refused:
        problem = sentence(refused.message)
        shown = await takings_desk.books(caller, found.id, since=None, until=None, special=special)
    return site.draw(
        request,
        "takings/books.html",
        status=400 if problem else 200,
        problem=problem,
        franchise=found,
        names={store.id: store.name for store in shown.stores},
        books=shown,
        special=special,
        page=page,
    )


@get("/franchise/{franchise_id:int}/books.csv")
async def books_csv(
    franchise_id: FromPath[int],
    request: AnyRequest,
    franchising: Given[Franchising],
    takings_desk: Given[TakingsDesk],
    caller: Given[Caller],
) -> Response[bytes]:
    found = await _managed(franchising, caller, franchise_id)
    since, until = _day(request.query_params.get("since")), _day(request.query_params.get("until"))
    shown = await takings_desk.books(
        caller, found.id, since=since, until=until, special=_special(request), take=MOST_LINES
    )
    if shown.more:
        raise Invalid(f"these are more than {MOST_LINES} orders: choose fewer days")
    names = {store.id: store.name for store in shown.stores}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for line in shown.lines:
        amounts = (_plain(line.total), _plain(line.discount), _plain(line.taken))
        name = harmless(names.get(line.store_id, ""))
        row = (line.order_id, iso(line.placed_at), name, line.pizzas, *amounts, line.status, harmless(line.why))
        writer.writerow(row)
    file = f"books-{found.id}-{shown.since}-{shown.until}.csv"
    headers = {"content-disposition": f'attachment; filename="{file}"'}
    return Response(text.getvalue().encode(), media_type="text/csv", headers=headers)


async def _franchise(
    request: AnyRequest,
    site: Site,
    franchising: Franchising,
    takings_desk: TakingsDesk,
    caller: Caller,
    franchise_id: int,
    refused: Refusal | None = None,
    name: str = "",
) -> Template:
    found = await _managed(franchising, caller, franchise_id)
    overview = await takings_desk.overview(caller, found.id)
    return site.draw(
        request,
        "takings/franchise.html",
        status=refused.status if refused else 200,
        problem=sentence(refused.message) if refused else "",
        name=name,
        franchise=found,
        overview=overview,
        chart=chart(overview.each_day),
    )


async def _managed(franchising: Franchising, caller: Caller, franchise_id: int) -> Franchise:
    return await franchising.managed(caller, _within(franchise_id))


def _within(number: int) -> int:
    if not 1 <= number <= LARGEST_ID:
        raise NotFound("unknown franchise or store")
    return number


def _special(request: AnyRequest) -> bool:
    return request.query_params.get("show") == "special"


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("write days as in 2025-04-08") from None


def _plain(amount: int) -> str:
    return btc_text(amount).removesuffix(" BTC")


router = Router("/", route_handlers=[franchises, franchise, open_store, ask_to_close, close_store, books, books_csv])
