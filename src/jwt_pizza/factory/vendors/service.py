"""Know the vendor behind an API key, and what vendors and their admins do."""

from collections.abc import Sequence

import msgspec

from jwt_pizza.factory.vendors.model import (
    Deletion,
    Details,
    Role,
    Vendor,
    VendorCard,
    Vendors,
    details_of,
    id_of,
    key_hash,
    new_key,
    purpose_of,
)
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized

_LONGEST_LOG = 4000


class VendorDesk:
    def __init__(self, vendors: Vendors, clock: Clock) -> None:
        self._vendors = vendors
        self._clock = clock

    async def identify(self, api_key: str | None) -> Vendor:
        vendor = await self._vendors.by_key(key_hash(api_key)) if api_key else None
        if vendor is None:
            raise Unauthorized("invalid authentication")
        return vendor

    async def identify_admin(self, api_key: str | None) -> Vendor:
        vendor = await self.identify(api_key)
        if not vendor.is_admin:
            raise Forbidden
        return vendor

    async def exists(self, vendor_id: str) -> bool:
        return "\0" not in vendor_id and await self._vendors.exists(vendor_id)

    async def add(self, vendor_id: str, name: str | None = None, *, admin: bool = False) -> str:
        """Makes a vendor, or gives an existing one a new key in place of all others; returns the API key, which
        nobody can read again."""
        vendor_id = await self._ensure(vendor_id, name, admin=admin)
        return await self.issue(vendor_id, replace=True)

    async def lend(self, vendor_id: str) -> str:
        """A further key of that admin, which is made when there is none."""
        return await self.issue(await self._ensure(vendor_id, None, admin=True))

    async def issue(self, vendor_id: str, *, replace: bool = False) -> str:
        """A new API key, beside the others or in their place."""
        key = new_key()
        await self._vendors.issue(vendor_id, key_hash(key), self._clock.now(), replace=replace)
        return key

    async def register(self, vendor_id: str, details: Details) -> VendorCard:
        vendor_id = id_of(vendor_id)
        if not await self._vendors.add(vendor_id, details_of(details), self._clock.now()):
            raise Conflict("Vendor already exists")
        return await self.show(vendor_id)

    async def show(self, vendor_id: str) -> VendorCard:
        card = await self._vendors.card(vendor_id)
        if card is None:
            raise NotFound("Vendor not found")
        return card

    async def change(self, vendor: Vendor, vendor_id: str | None, changes: dict[str, str | None]) -> VendorCard:
        """`changes` are fields of Details; null removes one. Only an admin changes another vendor."""
        vendor_id = id_of(vendor_id) if vendor_id else vendor.id
        if vendor_id != vendor.id and not vendor.is_admin:
            raise Forbidden
        present = await self._vendors.details(vendor_id)
        if present is None:
            raise NotFound("Vendor not found")
        if "name" in changes and not changes["name"]:
            raise Invalid("name cannot be removed")
        # `replace` takes any field by its name; the checks are in `details_of`.
        await self._vendors.change(vendor_id, details_of(msgspec.structs.replace(present, **changes)))
        return await self.show(vendor_id)

    async def connect(self, vendor: Vendor, purpose: str | None) -> VendorCard:
        await self._vendors.connect(vendor.id, purpose_of(purpose), self._clock.now())
        return await self.show(vendor.id)

    async def rate(self, vendor: Vendor, other_id: str | None, purpose: str | None, rating: int | None) -> VendorCard:
        """`other_id` may be absent: a vendor has one connection for a purpose."""
        if rating is None or not 1 <= rating <= 5:
            raise Invalid("rating must be a whole number from 1 to 5")
        other_id = id_of(other_id) if other_id is not None else None
        if not await self._vendors.rate(vendor.id, other_id, purpose_of(purpose), rating):
            raise NotFound("Connection not found")
        return await self.show(vendor.id)

    async def log(self, vendor: Vendor, text: str) -> str:
        return await self._vendors.log(vendor.id, text.replace("\0", "")[:_LONGEST_LOG], self._clock.now())

    async def set_log_answer(self, text: str) -> str:
        answer = text.replace("\0", "")[:_LONGEST_LOG]
        await self._vendors.set_log_answer(answer)
        return answer

    async def vendors(self) -> Sequence[VendorCard]:
        return await self._vendors.cards()

    async def set_roles(self, vendor_id: str, roles: Sequence[Role]) -> VendorCard:
        if not await self._vendors.set_roles(id_of(vendor_id), list(dict.fromkeys(roles))):
            raise NotFound("Vendor not found")
        return await self.show(vendor_id)

    async def delete(self, vendor_id: str, what: Deletion) -> None:
        if not await self._vendors.delete(id_of(vendor_id), what):
            raise NotFound("Vendor not found")

    async def _ensure(self, vendor_id: str, name: str | None, *, admin: bool) -> str:
        vendor_id = id_of(vendor_id)
        await self._vendors.add(
            vendor_id, details_of(Details(name=vendor_id if name is None else name)), self._clock.now()
        )
        if admin:
            await self._vendors.set_roles(vendor_id, ("vendor", "admin"))
        return vendor_id
