"""The data of the original's demo. Only for a database without users: nothing that was changed comes back."""

from typing import Final

from jwt_pizza.factory.vendors.model import SHOP
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.factory.vendors.store import PostgresVendors
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.accounts.model import Role
from jwt_pizza.shop.accounts.store import PostgresAccounts
from jwt_pizza.shop.franchises.store import PostgresFranchises
from jwt_pizza.shop.menu.model import Draft
from jwt_pizza.shop.menu.store import PostgresMenu

USERS: Final[tuple[tuple[str, str, str, Role], ...]] = (
    ("常用名字", "a@jwt.com", "admin", "admin"),
    ("pizza diner", "d@jwt.com", "diner", "diner"),
    ("pizza franchisee", "f@jwt.com", "franchisee", "franchisee"),
    ("on-call engineer", "oncall@jwt.com", "oncall", "engineer"),
)
MENU: Final = (
    Draft("Veggie", "A garden of delight", "pizza1.png", Satoshis(380_000)),
    Draft("Pepperoni", "Spicy treat", "pizza2.png", Satoshis(420_000)),
    Draft("Margarita", "Essential classic", "pizza3.png", Satoshis(420_000)),
    Draft("Crusty", "A dry mouthed favorite", "pizza4.png", Satoshis(280_000)),
    Draft("Charred Leopard", "For those with a darker side", "pizza5.png", Satoshis(990_000)),
)


async def seed(postgres: Postgres, clock: Clock) -> bool:
    """Whether there was anything to do. Killed half-way it goes on where it stopped: the last user is its mark."""
    accounts = PostgresAccounts(postgres)
    if await accounts.credentials(USERS[-1][1]):
        return False
    now = clock.now()
    await VendorDesk(PostgresVendors(postgres, clock), clock).add(SHOP.id, SHOP.name)
    menu = PostgresMenu(postgres)
    offered = {item.title for item in await menu.items()}
    for item in MENU:
        if item.title not in offered:
            await menu.add(item)
    passwords = Passwords()
    for name, email, password, role in USERS:
        known = await accounts.credentials(email)
        user = known.user if known else await accounts.add(name, email, await passwords.hash(password), now)
        if role == "franchisee":
            await _franchise(PostgresFranchises(postgres), user.id)
        elif role != "diner":
            await accounts.grant(user.id, role)
    passwords.close()
    return True


async def _franchise(franchises: PostgresFranchises, franchisee: int) -> None:
    if await franchises.page("*", skip=0, take=1):
        return
    franchise_id = await franchises.add("pizzaPocket", [franchisee])
    await franchises.add_store(franchise_id, "SLC")
