"""Show the menu, add to it, change it."""

from collections.abc import Sequence
from decimal import Decimal

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Forbidden, NotFound
from jwt_pizza.kernel.money import btc_text
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.audit.model import Entry, Verb
from jwt_pizza.shop.menu.model import Draft, Menu, Offered, Photograph, draft


class MenuKeeper:
    """Only administrators may change the menu."""

    def __init__(self, menu: Menu, clock: Clock) -> None:
        self._menu = menu
        self._clock = clock

    async def show(self) -> bytes:
        return await self._menu.wire()

    async def items(self) -> Sequence[Offered]:
        return await self._menu.items()

    async def add(
        self, caller: Caller, title: str | None, description: str | None, image: str | None, price: Decimal | None
    ) -> bytes:
        """The whole menu with the new item."""
        if not caller.user.is_admin:
            raise Forbidden("unable to add menu item")
        drafted = draft(title, description, image, price)
        await self._menu.add(drafted, self._entry(caller, "added", drafted))
        return await self._menu.wire()

    async def change(
        self, caller: Caller, item_id: int, title: str | None, description: str | None, price: Decimal | None
    ) -> None:
        """The picture's name stays: only other clients go by it."""
        old = await self._offered(caller, item_id)
        drafted = draft(title, description, old.image, price)
        if not await self._menu.change(item_id, drafted, self._entry(caller, "changed", drafted)):
            raise NotFound("this is no longer on the menu")

    async def withdraw(self, caller: Caller, item_id: int) -> None:
        old = await self._offered(caller, item_id)
        entry = Entry(caller.user.id, self._clock.now(), "withdrew", f"menu item {old.title}")
        if not await self._menu.withdraw(item_id, entry):
            raise NotFound("this is no longer on the menu")

    async def picture(self, caller: Caller, item_id: int, photograph: Photograph | None) -> None:
        """None: the picture is drawn again."""
        item = await self._offered(caller, item_id)
        about = "an uploaded picture" if photograph else "the picture is drawn again"
        entry = Entry(caller.user.id, self._clock.now(), "changed", f"menu item {item.title}", about)
        if not await self._menu.picture(item_id, photograph, entry):
            raise NotFound("this is no longer on the menu")

    async def photograph(self, name: str, width: int) -> bytes:
        found = await self._menu.photograph(name, width)
        if found is None:
            raise NotFound("there is no such picture")
        return found

    async def _offered(self, caller: Caller, item_id: int) -> Offered:
        if not caller.user.is_admin:
            raise Forbidden("unable to change the menu")
        for item in await self._menu.items():
            if item.id == item_id:
                return item
        raise NotFound("this is no longer on the menu")

    def _entry(self, caller: Caller, verb: Verb, drafted: Draft) -> Entry:
        about = f"{drafted.description}, {btc_text(drafted.price)}"
        return Entry(caller.user.id, self._clock.now(), verb, f"menu item {drafted.title}", about)
