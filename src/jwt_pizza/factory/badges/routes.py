"""Badges over HTTP."""

from typing import Annotated

from litestar import Response, Router, get, post
from litestar.di import NamedDependency as Given
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from jwt_pizza.factory.badges.model import NOT_FOUND, BadgeUrl
from jwt_pizza.factory.badges.service import BadgeDesk
from jwt_pizza.factory.vendors.routes import vendor_key
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.web.address import Address
from jwt_pizza.web.api import BEARER, AnyRequest

_SVG = "image/svg+xml"


@get(
    "/api/badge/{account:str}/{badge:str}",
    summary="A badge as SVG",
    media_type=_SVG,
    responses={404: ResponseSpec(data_container=str, description="The badge that says so", media_type=_SVG)},
)
async def show(account: FromPath[str], badge: FromPath[str], badge_desk: Given[BadgeDesk]) -> Response[str]:
    svg = await badge_desk.svg(account, badge)
    # A picture all the same: it stands in somebody's README.
    return Response(
        svg or NOT_FOUND,
        status_code=200 if svg else 404,
        media_type=_SVG,
        headers={"Cache-Control": "no-cache"},
    )


@post("/api/badge/{account:str}/{badge:str}", status_code=200, security=BEARER, summary="Make a badge")
async def make(
    account: FromPath[str],
    badge: FromPath[str],
    request: AnyRequest,
    vendor_desk: Given[VendorDesk],
    badge_desk: Given[BadgeDesk],
    factory_address: Given[Address],
    label: Annotated[str, QueryParameter(max_length=100)] = "Coverage",
    value: Annotated[str, QueryParameter(max_length=100)] = "0.00%",
    color: Annotated[str, QueryParameter(max_length=20)] = "#ee0000",
) -> BadgeUrl:
    vendor = await vendor_desk.identify(vendor_key(request))
    await badge_desk.make(vendor, account, badge, label=label, value=value, color=color)
    return BadgeUrl(url=f"{factory_address.of(request.scope)}/api/badge/{account}/{badge}")


router = Router("/", route_handlers=[show, make], tags=["badges"])
