"""Administrators' pages: franchises, the menu, people who need something, the audit log."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final
from urllib.parse import quote

from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.audit.model import VERBS
from jwt_pizza.shop.franchises.service import Franchising
from jwt_pizza.shop.menu.pictures import pictures
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.shop.office.model import Case
from jwt_pizza.shop.office.service import OfficeDesk, admins_only, told
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, go, read_form, sentence

_FRANCHISES: Final = 10


@get("/admin")
async def franchises(
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    caller: Given[Caller],
    page: Annotated[int, QueryParameter(ge=1, le=1_000_000)] = 1,
) -> Template:
    admins_only(caller)
    return await _franchises(request, site, franchising, caller, page)


@post("/admin/franchises", status_code=200)
async def open_franchise(
    request: AnyRequest, site: Given[Site], franchising: Given[Franchising], caller: Given[Caller]
) -> Template | Redirect:
    admins_only(caller)
    form = await read_form(request)
    emails = [email for email in form.get("emails", "").replace(",", " ").split() if email]
    try:
        await franchising.open(caller, form.get("name", ""), emails)
    except Refusal as refused:
        return await _franchises(request, site, franchising, caller, 1, refused, form)
    return go(f"/admin?name={_quoted(form.get('name', ''))}")


@get("/admin/franchises/{franchise_id:int}/close")
async def ask_to_close(
    franchise_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    franchising: Given[Franchising],
    caller: Given[Caller],
) -> Template:
    admins_only(caller)
    found = await franchising.managed(caller, _within(franchise_id))
    stores = len(found.stores)
    return site.draw(
        request,
        "takings/confirm.html",
        place="admin",
        question=f"Close {found.name}?",
        consequences=f"From this moment on it takes no more orders in any of its stores ({stores}), and nobody runs it "
        "any more. Orders and revenue stay in the books.",
        verb="Close the franchise",
        back="/admin",
    )


@post("/admin/franchises/{franchise_id:int}/close", status_code=200)
async def close_franchise(
    franchise_id: FromPath[int], franchising: Given[Franchising], caller: Given[Caller]
) -> Redirect:
    await franchising.close(caller, _within(franchise_id))
    return go("/admin")


@get("/admin/menu")
async def menu(
    request: AnyRequest, site: Given[Site], menu_keeper: Given[MenuKeeper], caller: Given[Caller]
) -> Template:
    admins_only(caller)
    return await menu_page(request, site, menu_keeper)


@post("/admin/menu", status_code=200)
async def change_menu(
    request: AnyRequest, site: Given[Site], menu_keeper: Given[MenuKeeper], caller: Given[Caller]
) -> Template | Redirect:
    """`verb` adds an item, changes or withdraws `item`, or has its picture drawn again."""
    admins_only(caller)
    form = await read_form(request)
    try:
        item, verb = form.get("item", ""), form.get("verb", "")
        if verb == "withdraw":
            await menu_keeper.withdraw(caller, number(item))
        elif verb == "draw":
            await menu_keeper.picture(caller, number(item), None)
        elif verb == "change":
            price = _price(form)
            await menu_keeper.change(caller, number(item), form.get("title"), form.get("description"), price)
        else:
            # Other clients look for a picture by this name; ours is drawn from the words, or uploaded.
            image = "pizza1.png"
            await menu_keeper.add(caller, form.get("title"), form.get("description"), image, _price(form))
    except Refusal as refused:
        return await menu_page(request, site, menu_keeper, refused, form)
    return go("/admin/menu")


@get("/admin/care")
async def care(
    request: AnyRequest, site: Given[Site], office_desk: Given[OfficeDesk], caller: Given[Caller]
) -> Template:
    admins_only(caller)
    return await _care(request, site, office_desk, caller, request.query_params.get("sought", ""))


@post("/admin/care", status_code=200)
async def give_care(
    request: AnyRequest, site: Given[Site], office_desk: Given[OfficeDesk], caller: Given[Caller]
) -> Template:
    admins_only(caller)
    form = await read_form(request)
    sought, reason = form.get("sought", ""), form.get("reason", "")
    try:
        if form.get("verb") == "refund":
            done = told(await office_desk.refund(caller, number(form.get("order", "")), reason))
        elif form.get("verb") == "grant":
            await office_desk.grant(caller, number(form.get("diner", "")), reason)
            done = "Free pizza for life is granted."
        else:
            await office_desk.revoke(caller, number(form.get("diner", "")), reason)
            done = "The voucher is revoked."
    except Refusal as refused:
        return await _care(request, site, office_desk, caller, sought, refused)
    return await _care(request, site, office_desk, caller, sought, done=done)


@get("/admin/audit")
async def audit(
    request: AnyRequest,
    site: Given[Site],
    office_desk: Given[OfficeDesk],
    caller: Given[Caller],
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
) -> Template:
    verb = request.query_params.get("verb", "")
    subject = request.query_params.get("subject", "").strip().replace("\0", "")[:200]
    verb = verb if verb in VERBS else ""
    entries, more = await office_desk.log(caller, verb=verb or None, subject=subject or None, before=before)
    return site.draw(
        request,
        "office/audit.html",
        tab="audit",
        entries=entries,
        more=more,
        verbs=VERBS,
        verb=verb,
        subject=subject,
        older=f"verb={verb}&subject={_quoted(subject)}&before={entries[-1].id}" if entries else "",
    )


async def _franchises(
    request: AnyRequest,
    site: Site,
    franchising: Franchising,
    caller: Caller,
    page: int,
    refused: Refusal | None = None,
    form: Mapping[str, str] | None = None,
) -> Template:
    sought = request.query_params.get("name", "")[:100].replace("\0", "") if form is None else ""
    name = f"*{sought}*" if sought else "*"
    found = await franchising.page(caller, page=page - 1, limit=_FRANCHISES, name=name)
    return site.draw(
        request,
        "office/franchises.html",
        status=refused.status if refused else 200,
        problem=sentence(refused.message) if refused else "",
        tab="franchises",
        found=found,
        sought=sought,
        page=page,
        query=f"name={_quoted(sought)}",
        typed=form or {},
    )


async def menu_page(
    request: AnyRequest,
    site: Site,
    menu_keeper: MenuKeeper,
    refused: Refusal | None = None,
    form: Mapping[str, str] | None = None,
) -> Template:
    items = await menu_keeper.items()
    return site.draw(
        request,
        "office/menu.html",
        status=refused.status if refused else 200,
        problem=sentence(refused.message) if refused else "",
        tab="menu",
        items=items,
        pictures=pictures(items),
        typed=form or {},
    )


async def _care(
    request: AnyRequest,
    site: Site,
    office_desk: OfficeDesk,
    caller: Caller,
    sought: str,
    refused: Refusal | None = None,
    *,
    done: str = "",
) -> Template:
    case: Case | None = None
    sought = sought[:254]
    if sought.strip():
        try:
            case = await office_desk.find(caller, sought)
        except NotFound as unknown:
            refused = refused or unknown
    return site.draw(
        request,
        "office/care.html",
        status=refused.status if refused else 200,
        problem=sentence(refused.message) if refused else "",
        done=done,
        tab="care",
        sought=sought,
        case=case,
    )


def _price(form: Mapping[str, str]) -> Decimal:
    try:
        return Decimal(form.get("price", "").strip()[:40])
    except InvalidOperation:
        raise Invalid("write the price as a number of bitcoin, such as 0.0038") from None


def number(typed: str) -> int:
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 15):
        raise Invalid("choose from what the page shows")
    return int(typed)


def _within(number: int) -> int:
    if not 1 <= number <= LARGEST_ID:
        raise NotFound("unknown franchise")
    return number


def _quoted(text: str) -> str:
    return quote(text, safe="")


router = Router(
    "/",
    route_handlers=[
        *(franchises, open_franchise, ask_to_close, close_franchise),
        *(menu, change_menu, care, give_care, audit),
    ],
)
