"""Bake and verify."""

from collections.abc import Sequence
from typing import Final

import msgspec

from jwt_pizza.factory.chaos.model import Kind
from jwt_pizza.factory.pizzas.model import Bake, Bakes, CalmBake, Jwks, Key, Keys, Outcome
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Forbidden, Unavailable
from jwt_pizza.kernel.wire import MOST_PIZZAS, BakeRequest, Pizza, Vendor

_decode = msgspec.json.Decoder(Pizza).decode
_encode = msgspec.json.Encoder().encode
_SHOWN: Final = 50
_REMEMBERED: Final = 1024
"""Keys."""
_OUTCOMES: Final[dict[Kind, Outcome]] = {
    "badjwt": "spoiled",
    "wrong-order": "spoiled",
    "replay": "spoiled",
    "lost-reply": "lost",
}
"""What becomes of an order that is baked under an attack; under the others it is a pizza like any."""


class NotAPizza(Forbidden):
    def __init__(self) -> None:
        super().__init__("invalid")


class OvenFull(Unavailable):
    def __init__(self) -> None:
        super().__init__("Unable to satisfy pizza order. The oven is full.")


class Bakery:
    def __init__(self, keys: Keys, clock: Clock, *, issuer: str, lifetime: float, full_delay: float = 0.0) -> None:
        """`lifetime` of a pizza and `full_delay`, the wait before an order of the wrong size is refused, in seconds."""
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._lifetime = int(lifetime)
        self._full_delay = full_delay

    def sign(self, vendor: Vendor, request: BakeRequest, *, aged: float = 0.0) -> str:
        """`aged`: as if signed so long ago, as a part of its lifetime."""
        now = int(self._clock.now().timestamp()) - int(self._lifetime * aged)
        pizza = Pizza(
            vendor=vendor,
            diner=request.diner,
            order=request.order,
            iat=now,
            exp=now + self._lifetime,
            iss=self._issuer,
        )
        return self._keys.current().sign(_encode(pizza))

    async def fit(self, request: BakeRequest) -> None:
        """Raises OvenFull for 0 or more than 20 items."""
        if not _fits(request):
            if self._full_delay:
                await self._clock.sleep(self._full_delay)
            raise OvenFull

    async def verify(self, token: str, kid: str | None) -> Pizza:
        """The claims; raises NotAPizza when it is not ours, was changed or has expired. `kid` is from its header."""
        key: Key | None = await self._keys.find(kid) if kid else None
        if key is None:
            raise NotAPizza
        try:
            pizza = _decode(key.check(token))
        except (ValueError, msgspec.MsgspecError) as error:
            raise NotAPizza from error
        if pizza.exp <= self._clock.now().timestamp() or pizza.iss != self._issuer:
            raise NotAPizza
        return pizza

    async def jwks(self) -> Jwks:
        return Jwks(keys=await self._keys.published())


class Kitchen:
    """Bakes what is ordered over HTTP, and records it."""

    def __init__(self, bakery: Bakery, bakes: Bakes, clock: Clock) -> None:
        self._bakery = bakery
        self._bakes = bakes
        self._clock = clock
        self._vendors: dict[bytes, Vendor] = {}

    def remember(self, key_hash: bytes, vendor: Vendor) -> None:
        """Whose the key is and that no attack was on, for `bake_in_calm`."""
        if len(self._vendors) >= _REMEMBERED:
            del self._vendors[next(iter(self._vendors))]
        self._vendors[key_hash] = vendor

    def remembers(self, key_hash: bytes) -> bool:
        return key_hash in self._vendors

    async def bake_in_calm(self, key_hash: bytes, request: BakeRequest) -> str | None:
        """The pizza for the vendor as last seen, if recording it finds that this still holds and that no attack is on:
        then nothing else needs to be asked. Else None; nothing has happened, and the vendor is forgotten."""
        vendor = self._vendors.get(key_hash)
        if vendor is None or not _fits(request):
            return None
        began = self._clock.monotonic()
        token = self._bakery.sign(vendor, request)
        ms = (self._clock.monotonic() - began) * 1000
        if await self._bakes.record_calm(CalmBake(key_hash, vendor, request.order.id, ms, self._clock.now())):
            return token
        self._vendors.pop(key_hash, None)
        return None

    async def bake(
        self, vendor: Vendor, request: BakeRequest, *, chaos: Kind | None = None, since: float | None = None
    ) -> str:
        """The pizza, or what `chaos` makes of it, after it was recorded. Raises OvenFull. `since` is when the order
        came, on the monotonic clock."""
        began = self._clock.monotonic() if since is None else since
        try:
            await self._bakery.fit(request)
        except OvenFull:
            await self.record(vendor, request, "refused", chaos, began)
            raise
        token = self._made(vendor, request, chaos)
        await self.record(vendor, request, _OUTCOMES.get(chaos, "baked") if chaos else "baked", chaos, began)
        return token

    async def record(
        self, vendor: Vendor, request: BakeRequest, outcome: Outcome, chaos: Kind | None, began: float
    ) -> None:
        ms = (self._clock.monotonic() - began) * 1000
        await self._bakes.record(
            Bake(
                vendor_id=vendor.id,
                order_id=request.order.id,
                outcome=outcome,
                ms=ms,
                chaos=chaos,
                at=self._clock.now(),
            )
        )

    async def recent(self, vendor_id: str) -> Sequence[Bake]:
        """Newest first."""
        return await self._bakes.recent(vendor_id, _SHOWN)

    def _made(self, vendor: Vendor, request: BakeRequest, chaos: Kind | None) -> str:
        if chaos == "badjwt":
            return _broken(self._bakery.sign(vendor, request))
        if chaos == "wrong-order":
            # The same diner: what belongs to another one goes to nobody.
            order = request.order
            other = msgspec.structs.replace(order, id=order.id - 1 if order.id > 1 else order.id + 1)
            return self._bakery.sign(vendor, msgspec.structs.replace(request, order=other))
        if chaos == "replay":
            return self._bakery.sign(vendor, request, aged=0.5)
        return self._bakery.sign(vendor, request)


def _fits(request: BakeRequest) -> bool:
    return 1 <= len(request.order.items) <= MOST_PIZZAS


def _broken(token: str) -> str:
    """The same JWT with a signature that does not verify: its first character, as the last one has unused bits."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
