"""The bench of amends in small: whoever is killed half-way, everybody gets everything once."""

from jwt_pizza.bench import amends


def test_all_are_made_whole_once_although_workers_are_killed() -> None:
    found = amends.figures(
        diners=300, kills=3, settings={"JWT_PIZZA_MAIL_SECONDS": "1", "JWT_PIZZA_LOG_LEVEL": "error"}
    )
    assert found["kills"] == 3
    assert {found[name] for name in ("refunds", "vouchers", "letters", "recipients", "message_ids")} == {300}
