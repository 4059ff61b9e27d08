"""Take along everything that the shop keeps of oneself."""

from collections.abc import Sequence
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.accounts.service import Accountant
from jwt_pizza.shop.orders.model import OrderWithPizza
from jwt_pizza.shop.orders.service import OrderDesk
from jwt_pizza.shop.profile.model import Belongings, Export, Free, LoginKept, VoucherKept

_MOST_PAGES: Final = 1000
"""Of orders; whoever has more of them asks the API for the rest."""


class ProfileDesk:
    def __init__(self, belongings: Belongings, accountant: Accountant, desk: OrderDesk, clock: Clock) -> None:
        self._belongings = belongings
        self._accountant = accountant
        self._desk = desk
        self._clock = clock

    async def vouchers(self, caller: Caller) -> Sequence[Free]:
        return await self._belongings.vouchers(caller.user.id)

    async def export(self, caller: Caller) -> Export:
        user_id = caller.user.id
        orders: list[OrderWithPizza] = []
        for page in range(1, _MOST_PAGES + 1):
            found = (await self._desk.history(caller, page=page)).orders
            orders.extend(found)
            if not found:
                break
        logins = await self._accountant.logins(caller)
        vouchers = await self._belongings.vouchers(user_id)
        return Export(
            exported_at=self._clock.now(),
            user=caller.user,
            registered_at=await self._belongings.registered_at(user_id),
            logins=[LoginKept(device=each.device, since=each.created_at, until=each.expires_at) for each in logins],
            orders=orders,
            favourites=await self._belongings.favourites(user_id),
            shared=await self._belongings.shared(user_id),
            vouchers=[
                VoucherKept(reason=each.reason, granted_at=each.granted_at, revoked_at=each.revoked_at)
                for each in vouchers
            ],
            letters=await self._belongings.letters(user_id),
        )
