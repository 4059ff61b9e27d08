"""Open and close franchises and stores, and list them."""

from collections.abc import Mapping, Sequence

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Forbidden, Invalid, NotFound
from jwt_pizza.kernel.money import to_btc
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.audit.model import Entry, Verb
from jwt_pizza.shop.franchises.model import (
    Franchise,
    FranchisePage,
    Franchises,
    NewFranchise,
    NewStore,
    Revenue,
    name_of,
)

_MOST_ADMINS = 50


class Franchising:
    def __init__(self, franchises: Franchises, revenue: Revenue, clock: Clock) -> None:
        self._franchises = franchises
        self._revenue = revenue
        self._clock = clock

    async def page(self, caller: Caller | None, *, page: int, limit: int, name: str) -> FranchisePage:
        """Pages count from 0. An administrator also sees admins and revenue."""
        found = await self._franchises.page(name, skip=page * limit, take=limit + 1)
        shown: Sequence[Franchise] = found[:limit]
        if caller is not None and caller.user.is_admin:
            shown = await self._detailed(shown)
        return FranchisePage(franchises=shown, more=len(found) > limit)

    async def store_names(self, store_ids: Sequence[int]) -> Mapping[int, str]:
        return await self._franchises.store_names(store_ids)

    async def run_by(self, caller: Caller, user_id: int) -> Sequence[Franchise]:
        """The franchises of a user, for that user and administrators; for anybody else an empty list."""
        if caller.user.id != user_id and not caller.user.is_admin:
            return []
        return await self._detailed(await self._franchises.run_by(user_id))

    async def open(self, caller: Caller, name: str | None, emails: Sequence[str]) -> NewFranchise:
        if not caller.user.is_admin:
            raise Forbidden("unable to create a franchise")
        if name is None:
            raise Invalid("name is required")
        if len(emails) > _MOST_ADMINS:
            raise Invalid(f"a franchise has at most {_MOST_ADMINS} admins")
        name = name_of(name)
        people = await self._franchises.people([text.email_key(email) for email in emails if "\0" not in email])
        for email in emails:
            if text.email_key(email) not in people:
                raise NotFound(f"unknown user for franchise admin {email} provided")
        run_by = ", ".join(person.name for person in people.values())
        entry = self._entry(caller, "opened", f"franchise {name}", f"run by {run_by}" if run_by else "")
        franchise_id = await self._franchises.add(name, [person.id for person in people.values()], entry)
        return NewFranchise(id=franchise_id, name=name, admins=tuple(people.values()))

    async def close(self, caller: Caller, franchise_id: int) -> None:
        """Revenue and orders stay in the books."""
        if not caller.user.is_admin:
            raise Forbidden("unable to delete a franchise")
        franchise = await self._franchises.get(franchise_id)
        if franchise is None:
            raise NotFound("unknown franchise")
        entry = self._entry(caller, "closed", f"franchise {franchise.name}", f"with {len(franchise.stores)} stores")
        if not await self._franchises.close(franchise_id, entry):
            raise NotFound("unknown franchise")

    async def open_store(self, caller: Caller, franchise_id: int, name: str | None) -> NewStore:
        if not caller.user.runs(franchise_id):
            raise Forbidden("unable to create a store")
        if name is None:
            raise Invalid("name is required")
        name = name_of(name)
        entry = self._entry(caller, "opened", f"store {name}", f"of franchise {franchise_id}")
        store_id = await self._franchises.add_store(franchise_id, name, entry)
        return NewStore(id=store_id, franchise_id=franchise_id, name=name)

    async def close_store(self, caller: Caller, franchise_id: int, store_id: int) -> None:
        if not caller.user.runs(franchise_id):
            raise Forbidden("unable to delete a store")
        name = (await self._franchises.store_names([store_id])).get(store_id, str(store_id))
        entry = self._entry(caller, "closed", f"store {name}", f"of franchise {franchise_id}")
        if not await self._franchises.close_store(franchise_id, store_id, entry):
            raise NotFound("unknown store")

    async def managed(self, caller: Caller, franchise_id: int) -> Franchise:
        """With admins and revenue. NotFound also for who does not run it: what exists is not told."""
        franchise = await self._franchises.get(franchise_id) if caller.user.runs(franchise_id) else None
        if franchise is None:
            raise NotFound("unknown franchise")
        return (await self._detailed([franchise]))[0]

    def _entry(self, caller: Caller, verb: Verb, subject: str, about: str) -> Entry:
        return Entry(caller.user.id, self._clock.now(), verb, subject, about)

    async def _detailed(self, franchises: Sequence[Franchise]) -> Sequence[Franchise]:
        if not franchises:
            return franchises
        admins = await self._franchises.admins([franchise.id for franchise in franchises])
        revenue = await self._revenue.of_stores([store.id for franchise in franchises for store in franchise.stores])
        return [
            msgspec.structs.replace(
                franchise,
                admins=admins.get(franchise.id, ()),
                stores=tuple(
                    msgspec.structs.replace(store, total_revenue=to_btc(revenue.get(store.id, 0)))
                    for store in franchise.stores
                ),
            )
            for franchise in franchises
        ]
