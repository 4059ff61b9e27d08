"""Administrators' list of who eats for nothing, why, and what it costs."""

import csv
import io
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.errors import Invalid, Refusal
from jwt_pizza.kernel.money import btc_text
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.office.model import VOUCHER_STATES, Voucher, VoucherState
from jwt_pizza.shop.office.service import OfficeDesk
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.sheets import harmless
from jwt_pizza.web.site import Site, go, read_form, sentence

_STATES: Final[Mapping[VoucherState, str]] = {
    "valid": "Valid",
    "revoked": "Revoked",
    "gone": "Gone with its account",
}
_DONE: Final = {"granted": "Free pizza for life is granted.", "revoked": "The voucher is revoked."}
_COLUMNS: Final = (
    *(
        "voucher",
        "user",
        "name",
        "email",
        "reason",
        "orders",
        "given at (UTC)",
        "given by",
        "state",
        "revoked at (UTC)",
    ),
    *("revoked by", "why revoked", "times used", "cost of goodwill BTC"),
)


@get("/admin/vouchers")
async def vouchers(
    request: AnyRequest,
    site: Given[Site],
    office_desk: Given[OfficeDesk],
    caller: Given[Caller],
    before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID)] = None,
) -> Template:
    return await _vouchers(request, site, office_desk, caller, before=before)


@post("/admin/vouchers", status_code=200)
async def change(
    request: AnyRequest, site: Given[Site], office_desk: Given[OfficeDesk], caller: Given[Caller]
) -> Template | Redirect:
    """`verb` grants to `email`, or revokes what `diner` has."""
    form = await read_form(request)
    try:
        if form.get("verb") == "grant":
            await office_desk.grant_to(caller, form.get("email", ""), form.get("reason", ""))
            return go("/admin/vouchers?done=granted")
        await office_desk.revoke(caller, _number(form.get("diner", "")), form.get("reason", ""))
    except Refusal as refused:
        return await _vouchers(request, site, office_desk, caller, refused=refused, typed=form)
    return go("/admin/vouchers?done=revoked")


@get("/admin/vouchers.csv")
async def vouchers_csv(request: AnyRequest, office_desk: Given[OfficeDesk], caller: Given[Caller]) -> Response[bytes]:
    state, sought = _wanted(request)
    found = await office_desk.all_vouchers(caller, state=state, sought=sought or None)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    table.writerows(_row(voucher) for voucher in found)
    headers = {"content-disposition": 'attachment; filename="vouchers.csv"'}
    return Response(text.getvalue().encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _row(voucher: Voucher) -> tuple[object, ...]:
    return (
        *(voucher.id, voucher.diner_id, harmless(voucher.diner), harmless(voucher.email), harmless(voucher.reason)),
        *(" ".join(map(str, voucher.orders)), iso(voucher.granted_at), harmless(voucher.granted_by), voucher.state),
        iso(voucher.revoked_at) if voucher.revoked_at else "",
        *(harmless(voucher.revoked_by), harmless(voucher.why_revoked), voucher.times),
        btc_text(voucher.cost).removesuffix(" BTC"),
    )


async def _vouchers(
    request: AnyRequest,
    site: Site,
    office_desk: OfficeDesk,
    caller: Caller,
    *,
    before: int | None = None,
    refused: Refusal | None = None,
    typed: Mapping[str, str] | None = None,
) -> Template:
    state, sought = _wanted(request)
    found, more = await office_desk.vouchers(caller, state=state, sought=sought or None, before=before)
    return site.draw(
        request,
        "office/vouchers.html",
        status=refused.status if refused else 200,
        problem=sentence(refused.message) if refused else "",
        done=_DONE.get(request.query_params.get("done", ""), ""),
        tab="vouchers",
        vouchers=found,
        more=more,
        states=_STATES,
        state=state,
        sought=sought,
        query=urlencode({"state": state or "", "sought": sought}),
        typed=typed or {},
    )


def _wanted(request: AnyRequest) -> tuple[VoucherState | None, str]:
    asked = request.query_params.get("state", "")
    state = next((each for each in VOUCHER_STATES if each == asked), None)
    return state, request.query_params.get("sought", "").strip().replace("\0", "")[:200]


def _number(typed: str) -> int:
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 15):
        raise Invalid("choose from what the page shows")
    return int(typed)


router = Router("/", route_handlers=[vouchers, change, vouchers_csv])
