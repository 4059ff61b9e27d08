"""Make badges, and show them."""

from collections.abc import Mapping
from typing import Final

from jwt_pizza.factory.badges.model import Badge, Badges, badge_of, is_name
from jwt_pizza.factory.vendors.model import Vendor
from jwt_pizza.kernel.errors import Forbidden, Invalid

_SHOWN: Final = 100


class BadgeDesk:
    def __init__(self, badges: Badges) -> None:
        self._badges = badges

    async def make(self, vendor: Vendor, account: str, name: str, *, label: str, value: str, color: str) -> None:
        """Only for the vendor's own account."""
        if account != vendor.id:
            raise Forbidden
        if not is_name(name):
            raise Invalid("a badge's name is made of letters, digits, dot, dash and underscore, at most 64")
        await self._badges.put(account, name, badge_of(label, value, color))

    async def of(self, vendor: Vendor) -> Mapping[str, Badge]:
        """The vendor's badges by name, a hundred at the most."""
        return await self._badges.of(vendor.id, take=_SHOWN)

    async def svg(self, account: str, name: str) -> str | None:
        if not is_name(account) or not is_name(name):
            return None
        badge = await self._badges.find(account, name)
        return badge.svg() if badge else None
