"""Vendors over HTTP: their own calls, and their admins'."""

import msgspec
from litestar import MediaType, Response, Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from jwt_pizza.factory.vendors.login import LoginDesk
from jwt_pizza.factory.vendors.model import CodeSent, Deletion, Details, Role, VendorCard, VendorExists
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.kernel.errors import Invalid, Unauthorized
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.web.api import BEARER, AnyRequest, bearer_token, client_address


class Registration(Wire, frozen=True):
    id: str | None = None
    name: str | None = None
    email: str | None = None
    git_hub_url: str | None = None
    website: str | None = None
    phone: str | None = None


class Change(Wire, frozen=True):
    """Only the members sent change; null removes one. `id` is for admins."""

    id: str | None = None
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    git_hub_url: str | msgspec.UnsetType | None = msgspec.UNSET
    website: str | msgspec.UnsetType | None = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET


class CodeRequest(Wire, frozen=True):
    id: str | None = None


class CodeUse(Wire, frozen=True):
    id: str | None = None
    code: str | None = None


class Connect(Wire, frozen=True):
    purpose: str | None = None


class Rate(Wire, frozen=True):
    id: str | None = None
    purpose: str | None = None
    rating: int | None = None


class RoleChange(Wire, frozen=True):
    id: str
    roles: tuple[Role, ...]


class Removal(Wire, frozen=True):
    id: str
    delete_type: Deletion


def vendor_key(request: AnyRequest) -> str:
    """The API key that came with the call."""
    try:
        return bearer_token(request)
    except Unauthorized:
        raise Unauthorized("invalid authentication") from None


@get("/api/vendor/{vendor_id:str}", summary="Whether there is such a vendor")
async def exists(vendor_id: FromPath[str], vendor_desk: Given[VendorDesk]) -> VendorExists:
    return VendorExists(exists=await vendor_desk.exists(vendor_id))


@get("/api/vendor", security=BEARER, summary="The authenticated vendor")
async def show(request: AnyRequest, vendor_desk: Given[VendorDesk]) -> VendorCard:
    vendor = await vendor_desk.identify(vendor_key(request))
    return await vendor_desk.show(vendor.id)


@post("/api/vendor", status_code=200, summary="Register a vendor")
async def register(
    data: JSONBody[Registration], request: AnyRequest, vendor_desk: Given[VendorDesk], login_desk: Given[LoginDesk]
) -> VendorCard:
    if not data.id or not data.name:
        raise Invalid("id and name are required")
    await login_desk.allow_registration(client_address(request))
    details = Details(data.name, data.email, data.git_hub_url, data.website, data.phone)
    return await vendor_desk.register(data.id, details)


@put("/api/vendor", security=BEARER, summary="Change a vendor: only what is sent, null removes")
async def change(data: JSONBody[Change], request: AnyRequest, vendor_desk: Given[VendorDesk]) -> VendorCard:
    vendor = await vendor_desk.identify(vendor_key(request))
    sent: dict[str, str | None] = {}
    for name in Details.__struct_fields__:
        value = getattr(data, name)
        if not isinstance(value, msgspec.UnsetType):
            sent[name] = value
    return await vendor_desk.change(vendor, data.id, sent)


@post("/api/vendor/code", status_code=200, summary="Mail a one-time code")
async def send_code(data: JSONBody[CodeRequest], request: AnyRequest, login_desk: Given[LoginDesk]) -> CodeSent:
    if not data.id:
        raise Invalid("id is required")
    return await login_desk.send_code(data.id, client_address(request))


@post("/api/vendor/auth", status_code=200, summary="Exchange a one-time code for an API key")
async def authorize(
    data: JSONBody[CodeUse], request: AnyRequest, vendor_desk: Given[VendorDesk], login_desk: Given[LoginDesk]
) -> Response[VendorCard]:
    await login_desk.use_code(data.id or "", data.code or "", client_address(request))
    card = await vendor_desk.show(data.id or "")
    key = await vendor_desk.issue(card.id)
    return Response(msgspec.structs.replace(card, api_key=key), headers={"Cache-Control": "no-store"})


@post("/api/vendor/connect", status_code=200, security=BEARER, summary="Connect with another vendor for a purpose")
async def connect(data: JSONBody[Connect], request: AnyRequest, vendor_desk: Given[VendorDesk]) -> VendorCard:
    return await vendor_desk.connect(await vendor_desk.identify(vendor_key(request)), data.purpose)


@put("/api/vendor/connect", security=BEARER, summary="Rate a connection from 1 to 5")
async def rate(data: JSONBody[Rate], request: AnyRequest, vendor_desk: Given[VendorDesk]) -> VendorCard:
    vendor = await vendor_desk.identify(vendor_key(request))
    return await vendor_desk.rate(vendor, data.id, data.purpose, data.rating)


@post("/api/log", status_code=200, security=BEARER, summary="Log something", media_type=MediaType.TEXT)
async def log(request: AnyRequest, vendor_desk: Given[VendorDesk]) -> str:
    vendor = await vendor_desk.identify(vendor_key(request))
    return await vendor_desk.log(vendor, (await request.body()).decode("utf-8", "replace"))


@put("/api/log", security=BEARER, summary="Set the answer to log calls", media_type=MediaType.TEXT)
async def set_log_answer(request: AnyRequest, vendor_desk: Given[VendorDesk]) -> str:
    await vendor_desk.identify_admin(vendor_key(request))
    body = await request.body()
    try:
        answer = msgspec.json.decode(body, type=LogAnswer).message
    except msgspec.MsgspecError:
        raise Invalid('the body must look like {"message": "Log Received"}') from None
    return await vendor_desk.set_log_answer(answer)


class LogAnswer(msgspec.Struct):
    message: str


@get("/api/admin/vendors", security=BEARER, summary="All vendors")
async def vendors(request: AnyRequest, vendor_desk: Given[VendorDesk]) -> list[VendorCard]:
    await vendor_desk.identify_admin(vendor_key(request))
    return list(await vendor_desk.vendors())


@put("/api/admin/role", security=BEARER, summary="Set the roles of a vendor")
async def set_roles(data: JSONBody[RoleChange], request: AnyRequest, vendor_desk: Given[VendorDesk]) -> VendorCard:
    await vendor_desk.identify_admin(vendor_key(request))
    return await vendor_desk.set_roles(data.id, data.roles)


@delete("/api/admin/vendor", status_code=204, security=BEARER, summary="Delete a vendor, or a part of it")
async def remove(data: JSONBody[Removal], request: AnyRequest, vendor_desk: Given[VendorDesk]) -> None:
    await vendor_desk.identify_admin(vendor_key(request))
    await vendor_desk.delete(data.id, data.delete_type)


router = Router(
    "/",
    route_handlers=[
        exists,
        show,
        register,
        change,
        send_code,
        authorize,
        connect,
        rate,
        log,
        set_log_answer,
        vendors,
        set_roles,
        remove,
    ],
    tags=["vendors"],
)
