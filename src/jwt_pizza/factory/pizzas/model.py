"""A pizza is a JWT: who baked it, for whom, which order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from jwt_pizza.kernel.wire import Pizza, Vendor, Wire

Outcome = Literal["baked", "refused", "failed", "spoiled", "lost"]
"""`refused`: did not fit the oven. `failed`: nothing was baked. `spoiled`: a pizza that nobody should accept.
`lost`: the answer did not arrive."""


class Key(Protocol):
    """A signing key. `check` raises ValueError for what it did not sign."""

    kid: str

    def sign(self, payload: bytes) -> str: ...
    def check(self, token: str) -> bytes: ...
    def public(self) -> dict[str, Any]: ...


class Keys(Protocol):
    """The port to the signing keys of this factory."""

    def current(self) -> Key:
        """The key that signs."""
        ...

    async def find(self, kid: str) -> Key | None:
        """Current or retired."""
        ...

    async def published(self) -> Sequence[Mapping[str, Any]]:
        """The public keys whose pizzas may not have expired yet, as JWKs."""
        ...


class Verified(Wire, frozen=True):
    message: str
    payload: Pizza


class Jwks(Wire, frozen=True):
    keys: Sequence[Mapping[str, Any]]


class Bake(msgspec.Struct, frozen=True):
    """One order at the oven. `repeat`: the same vendor had a pizza baked for that order before."""

    vendor_id: str
    order_id: int
    outcome: Outcome
    ms: float
    chaos: str | None
    at: datetime
    repeat: bool = False


class CalmBake(msgspec.Struct, frozen=True):
    """A pizza made for the vendor that a key was last seen to be of, on the supposition that no attack is on."""

    key_hash: bytes
    vendor: Vendor
    order_id: int
    ms: float
    at: datetime


class Bakes(Protocol):
    """The port to the record of orders."""

    async def record(self, bake: Bake) -> None:
        """Returns when it is stored. Raises Unavailable."""
        ...

    async def record_calm(self, bake: CalmBake) -> bool:
        """False, and nothing is stored, when the supposition is wrong as of now. Raises Unavailable."""
        ...

    async def recent(self, vendor_id: str, most: int) -> Sequence[Bake]: ...
