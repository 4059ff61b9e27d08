"""Show the menu, add to it."""

from collections.abc import Sequence
from decimal import Decimal

from jwt_pizza.kernel.errors import Forbidden
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.menu.model import Menu, MenuItem, draft


class MenuKeeper:
    def __init__(self, menu: Menu) -> None:
        self._menu = menu

    async def show(self) -> bytes:
        return await self._menu.wire()

    async def items(self) -> Sequence[MenuItem]:
        return await self._menu.items()

    async def add(
        self, caller: Caller, title: str | None, description: str | None, image: str | None, price: Decimal | None
    ) -> bytes:
        """The whole menu with the new item; only an administrator may."""
        if not caller.user.is_admin:
            raise Forbidden("unable to add menu item")
        await self._menu.add(draft(title, description, image, price))
        return await self._menu.wire()
