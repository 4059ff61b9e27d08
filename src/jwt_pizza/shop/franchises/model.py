"""Franchises and their stores."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from jwt_pizza.kernel import text
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.shop.audit.model import Entry


class Store(Wire, frozen=True, omit_defaults=True):
    """`total_revenue` is in BTC, and present only for those who may see it."""

    id: int
    name: str
    total_revenue: float | None = None


class Admin(Wire, frozen=True):
    id: int
    name: str
    email: str


class Franchise(Wire, frozen=True, omit_defaults=True, kw_only=True):
    """`admins` is present only for those who may see it."""

    id: int
    name: str
    admins: tuple[Admin, ...] | None = None
    stores: tuple[Store, ...]


class FranchisePage(Wire, frozen=True):
    franchises: Sequence[Franchise]
    more: bool


class NewFranchise(Wire, frozen=True):
    id: int
    name: str
    admins: tuple[Admin, ...]


class NewStore(Wire, frozen=True):
    id: int
    franchise_id: int
    name: str


class Franchises(Protocol):
    """The port to stored franchises."""

    async def page(self, name: str, *, skip: int, take: int) -> Sequence[Franchise]:
        """Open franchises with their open stores, without admins and revenue."""
        ...

    async def store_names(self, store_ids: Sequence[int]) -> Mapping[int, str]:
        """Each with its franchise's name; of closed stores too."""
        ...

    async def run_by(self, user_id: int) -> Sequence[Franchise]: ...
    async def admins(self, franchise_ids: Sequence[int]) -> Mapping[int, tuple[Admin, ...]]: ...
    async def people(self, email_keys: Sequence[str]) -> Mapping[str, Admin]: ...
    async def get(self, franchise_id: int) -> Franchise | None: ...
    async def add(self, name: str, admins: Sequence[int], entry: Entry | None = None) -> int: ...
    async def close(self, franchise_id: int, entry: Entry) -> bool: ...
    async def add_store(self, franchise_id: int, name: str, entry: Entry | None = None) -> int: ...
    async def close_store(self, franchise_id: int, store_id: int, entry: Entry) -> bool: ...


class Revenue(Protocol):
    """The port to the ledger."""

    async def of_stores(self, store_ids: Sequence[int]) -> Mapping[int, int]:
        """Satoshis by store."""
        ...


def name_of(value: str) -> str:
    return text.line(value, "name", most=100)
