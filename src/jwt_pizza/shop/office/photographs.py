"""Administrators upload the picture of a menu item."""

import hashlib
from typing import Final

from litestar import Router, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Invalid, NotFound, Refusal
from jwt_pizza.kit.images import Images
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.menu.model import Photograph
from jwt_pizza.shop.menu.pictures import WIDTHS
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.shop.office.pages import menu_page
from jwt_pizza.shop.office.service import admins_only
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import TOKEN_FIELD, Site, go
from jwt_pizza.web.uploads import LARGEST_BODY, read_upload

_images: Final = Images()


@post("/admin/menu/{item_id:int}/picture", status_code=200, request_max_body_size=LARGEST_BODY)
async def upload(
    item_id: FromPath[int],
    request: AnyRequest,
    site: Given[Site],
    menu_keeper: Given[MenuKeeper],
    caller: Given[Caller],
) -> Template | Redirect:
    """Nothing is read before it is known that an administrator sends it."""
    admins_only(caller)
    if item_id not in [item.id for item in await menu_keeper.items()]:
        raise NotFound("this is no longer on the menu")
    try:
        sent = await read_upload(request, "picture")
        site.refuse_forged(request, sent.fields.get(TOKEN_FIELD, ""))
        if not sent.file:
            raise Invalid("choose a file")
        squares = await _images.squares(sent.file, WIDTHS)
        name = hashlib.sha256(squares[WIDTHS[-1]]).hexdigest()[:24]
        await menu_keeper.picture(caller, item_id, Photograph(name, squares))
    except Refusal as refused:
        if refused.status == 403:
            raise
        return await menu_page(request, site, menu_keeper, refused, {"verb": "picture", "item": str(item_id)})
    return go("/admin/menu")


def router(site: Site) -> Router:
    # In place of the guard of other forms, which reads them first.
    return Router("/", route_handlers=[upload], before_request=site.refuse_strangers)
