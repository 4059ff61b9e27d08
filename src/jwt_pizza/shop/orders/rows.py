"""Rows of orders with their lines, as several queries have them."""

from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kit.postgres import Row
from jwt_pizza.shop.orders.model import Line, Order


def order_of(row: Row) -> Order:
    lines = zip(row["menu_ids"], row["descriptions"], row["prices"], strict=True)
    return Order(
        id=row["id"],
        diner_id=row["diner_id"],
        franchise_id=row["franchise_id"],
        store_id=row["store_id"],
        status=row["status"],
        placed_at=row["placed_at"],
        lines=tuple(Line(menu_id, description, Satoshis(price)) for menu_id, description, price in lines),
        jwt=row["jwt"],
        discount=Satoshis(row["discount"]),
    )
