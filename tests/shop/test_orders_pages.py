"""Menu, checkout, delivery and history without JavaScript."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.ledger.store import PostgresLedger
from tests.running import Running, claims, running_shop
from tests.visitor import Visitor, visiting


@pytest.fixture
async def visitor(shop: Running) -> AsyncIterator[Visitor]:
    async with visiting(shop.url) as made:
        yield made


@pytest.fixture
async def diner(shop: Running) -> AsyncIterator[Visitor]:
    async with visiting(shop.url) as made:
        await made.log_in()
        yield made


def jwt_in(text: str) -> str:
    code = re.search(r'<code class="jwt".*?</code>', text, re.S)
    assert code, "no JWT on the page"
    return re.sub(r"<[^>]*>", "", code[0])


async def orders(postgres: Postgres) -> int:
    count = await postgres.fetchval("t", "SELECT count(*) FROM shop.orders")
    assert isinstance(count, int)
    return count


async def test_from_menu_to_verified_pizza_with_the_basket_kept_over_login(
    visitor: Visitor, postgres: Postgres
) -> None:
    menu = await visitor.get("/menu")
    login = await visitor.submit(menu.form("/checkout"), **{"pizza-1": "2", "pizza-5": "1"})
    assert login.path.startswith("/login?next=/checkout")
    assert "Your basket is kept" in login.text
    form = login.form("/login")
    refused = await visitor.submit(form, email="d@jwt.com", password="wrong")
    checkout = await visitor.submit(refused.form("/login"), email="d@jwt.com", password="diner")
    assert checkout.path.startswith("/checkout?store=1&pizza-1=2&pizza-5=1&key=")
    assert "2 ×</span> Veggie" in checkout.text
    assert "0.0175\N{NO-BREAK SPACE}BTC" in checkout.text
    assert "pizzaPocket SLC" in checkout.text
    delivery = await visitor.submit(checkout.form("/checkout"))
    assert re.fullmatch(r"/delivery/\d+", delivery.path)
    pizza = claims(jwt_in(delivery.text))
    assert [item["menuId"] for item in pizza["order"]["items"]] == [1, 1, 5]
    verified = await visitor.submit(delivery.form(f"{delivery.path}/verify"))
    assert "<strong>Valid.</strong>" in verified.text
    assert "&#34;email&#34;: &#34;d@jwt.com&#34;" in verified.text
    history = await visitor.get("/history")
    assert f'href="{delivery.path}"' in history.text
    assert await PostgresLedger(postgres).broken() == []


async def test_registering_keeps_the_basket_too(visitor: Visitor) -> None:
    login = await visitor.checkout(pizza_2="3")
    link = next(part for part in login.text.split('"') if part.startswith("/register?next=/checkout"))
    page = await visitor.get(link.replace("&amp;", "&"))
    form = page.form("/register")
    checkout = await visitor.submit(form, name="Ada", email="ada@x.com", password="a")
    assert "3 ×</span> Pepperoni" in checkout.text


async def test_basket_and_store_are_remembered_without_javascript(shop: Running, diner: Visitor) -> None:
    """Until it is paid for, and only what was fit to be sold; the store also afterwards."""
    admin = await shop.log_in("a@jwt.com", "admin")
    await shop.call("POST", "/api/franchise/1/store", {"name": "Provo"}, token=admin)
    assert (await diner.get("/menu")).form("/checkout").fields["store"] == ""
    checkout = await diner.get("/checkout?store=2&pizza-1=2&pizza-5=1")
    kept = (await diner.get("/menu")).form("/checkout").fields
    assert (kept["store"], kept["pizza-1"], kept["pizza-2"], kept["pizza-5"]) == ("2", "2", "0", "1")
    assert (await diner.get("/menu?store=1&pizza-3=4")).form("/checkout").fields["pizza-1"] == "0"
    await diner.submit(checkout.form("/checkout"))
    after = (await diner.get("/menu")).form("/checkout").fields
    assert (after["store"], after["pizza-1"]) == ("2", "0")
    forged = await diner.get("/menu", headers={"Cookie": "pizza_basket=" + "&".join(f"a{n}=1" for n in range(150))})
    assert forged.status == 200


async def test_paying_twice_pays_once(diner: Visitor, postgres: Postgres) -> None:
    """Double click, reload and the back button: one order, and every try leads to its delivery."""
    checkout = await diner.checkout(pizza_3="1")
    form = checkout.form("/checkout")
    answers = await asyncio.gather(*(diner.submit(form, follow=False) for _ in range(8)))
    assert {answer.status for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    back = await diner.get(checkout.path)
    assert "You have paid for this order already" in back.text
    assert answers[0].location in back.text
    assert await orders(postgres) == 1
    assert await PostgresLedger(postgres).broken() == []


async def test_reloading_the_checkout_is_the_same_order(diner: Visitor, postgres: Postgres) -> None:
    first = await diner.checkout(pizza_3="1")
    again = await diner.get(first.path)
    await diner.submit(first.form("/checkout"))
    await diner.submit(again.form("/checkout"))
    assert await orders(postgres) == 1
    another = await diner.checkout(pizza_3="1")
    await diner.submit(another.form("/checkout"))
    assert await orders(postgres) == 2


async def test_paid_page_leads_to_its_delivery_also_when_the_store_has_closed(
    shop: Running, diner: Visitor, postgres: Postgres
) -> None:
    form = (await diner.checkout(pizza_3="1")).form("/checkout")
    first = await diner.submit(form, follow=False)
    admin = await shop.log_in("a@jwt.com", "admin")
    assert (await shop.call("DELETE", "/api/franchise/1/store/1", token=admin)).status == 200
    assert (await diner.submit(form, follow=False)).location == first.location
    closed = await diner.submit(form, key="another-key-of-this-diner")
    assert closed.status == 404
    assert "You were not charged" in closed.text
    assert await orders(postgres) == 1
    assert "pizzaPocket SLC" in (await diner.get("/history")).text


async def test_one_key_does_not_pay_for_another_basket(diner: Visitor, postgres: Postgres) -> None:
    form = (await diner.checkout(pizza_3="1")).form("/checkout")
    await diner.submit(form)
    page = await diner.submit(form, **{"pizza-3": "2", "total": "840000"})
    assert page.status == 400
    assert "You were not charged again" in page.text
    assert await orders(postgres) == 1


@pytest.mark.parametrize("total", ["419999", "", "-1", "x", "9" * 30])
async def test_nobody_pays_a_price_they_have_not_seen(diner: Visitor, postgres: Postgres, total: str) -> None:
    form = (await diner.checkout(pizza_3="1")).form("/checkout")
    page = await diner.submit(form, total=total)
    assert page.status == 409
    assert "You were not charged" in page.text
    assert await orders(postgres) == 0
    await diner.submit(page.form("/checkout"))
    assert await orders(postgres) == 1, "the page with the new total can be paid"


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("store=1", 400, "Choose at least one pizza"),
        ("store=1&pizza-1=0", 400, "Choose at least one pizza"),
        ("store=1&pizza-1=21", 400, "takes 20 pizzas"),
        ("store=1&pizza-1=11&pizza-2=10", 400, "you chose 21"),
        ("store=1&pizza-1=-1", 400, "whole number"),
        ("store=1&pizza-1=1.5", 400, "whole number"),
        ("store=1&pizza-1=٣", 400, "whole number"),
        ("store=&pizza-1=1", 400, "Choose the store"),
        ("store=x&pizza-1=1", 400, "Choose the store"),
        ("store=99&pizza-1=1", 404, "Unknown store 99"),
        ("store=1&pizza-99=1", 404, "Unknown menu item 99"),
        ("store=1&pizza-1=1&pizza-999999999999999999999=1", 200, "Log in to pay"),
    ],
)
async def test_basket_that_cannot_be_sold_is_explained_on_the_menu(
    visitor: Visitor, query: str, status: int, said: str
) -> None:
    page = await visitor.get(f"/checkout?{query}")
    assert page.status == status
    assert said in page.text


async def test_refused_basket_is_still_in_the_form(visitor: Visitor) -> None:
    page = await visitor.get("/checkout?store=1&pizza-1=15&pizza-2=%22%3E%3Cb%3E")
    fields = page.form("/checkout").fields
    assert (fields["pizza-1"], fields["pizza-2"]) == ("15", '"><b>')


async def test_dead_session_pays_after_logging_in_again(shop: Running, diner: Visitor, postgres: Postgres) -> None:
    form = (await diner.checkout(pizza_3="1")).form("/checkout")
    assert (await shop.call("DELETE", "/api/auth", token=diner.cookie("pizza_session"))).status == 200
    login = await diner.submit(form)
    assert login.path.startswith("/login?next=/checkout")
    assert await orders(postgres) == 0
    checkout = await diner.submit(login.form("/login"), email="d@jwt.com", password="diner")
    delivery = await diner.submit(checkout.form("/checkout"))
    assert delivery.path.startswith("/delivery/")


async def test_chaos_is_told_and_not_charged(shop: Running, diner: Visitor, postgres: Postgres) -> None:
    admin = await shop.log_in("a@jwt.com", "admin")
    await shop.call("PUT", "/api/order/chaos/true", token=admin)
    for _ in range(40):
        page = await diner.submit((await diner.checkout(pizza_3="1")).form("/checkout"))
        if page.status == 500:
            break
    assert "You were not charged" in page.text
    before = await orders(postgres)
    await shop.call("PUT", "/api/order/chaos/false", token=admin)
    await diner.submit(page.form("/checkout"))
    assert await orders(postgres) == before + 1


async def test_orders_of_others_do_not_exist(shop: Running, diner: Visitor) -> None:
    delivery = await diner.submit((await diner.checkout(pizza_1="1")).form("/checkout"))
    form = delivery.form(f"{delivery.path}/verify")
    async with visiting(shop.url) as other:
        await other.log_in("f@jwt.com", "franchisee")
        assert (await other.get(delivery.path)).status == 404
        token = (await other.get("/menu")).form("/logout").fields["form"]
        form.fields["form"] = token
        assert (await other.submit(form)).status == 404
        assert delivery.path not in (await other.get("/history")).text
    async with visiting(shop.url) as stranger:
        page = await stranger.get(delivery.path)
        assert page.path.startswith("/login?next=/delivery/")
    for order in ("0", "-1", "9" * 25, "999999"):
        assert (await diner.get(f"/delivery/{order}")).status == 404


async def test_pizza_that_was_tampered_with_is_not_valid(diner: Visitor, postgres: Postgres) -> None:
    first = await diner.submit((await diner.checkout(pizza_1="1")).form("/checkout"))
    second = await diner.submit((await diner.checkout(pizza_5="1")).form("/checkout"))
    numbers = [int(page.path.rsplit("/", 1)[1]) for page in (first, second)]
    form = second.form(f"{second.path}/verify")
    forgeries = {
        "another order's": jwt_in(first.text),
        "changed": jwt_in(second.text)[:-6] + "AAAAAA",
        "nonsense": "a.b.c",
    }
    for name, forgery in forgeries.items():
        await postgres.execute("t", "UPDATE shop.orders SET jwt = $1 WHERE id = $2", forgery, numbers[1])
        page = await diner.submit(form)
        assert "<strong>Not valid.</strong>" in page.text, name
        assert "payload" not in page.text.replace("jwt-payload", "").replace("Header, payload", "")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("held", "are held, not charged"),
        ("voided", "We could not bake your pizza. You were not charged."),
        ("charged", "You were charged 0.0042"),
        ("refunded", "went back to you. There is no pizza to show"),
    ],
)
async def test_order_without_a_pizza_says_what_became_of_the_money(
    diner: Visitor, postgres: Postgres, status: str, said: str
) -> None:
    checkout = await diner.checkout(pizza_3="1")
    delivery = await diner.submit(checkout.form("/checkout"))
    await postgres.execute("t", "UPDATE shop.orders SET jwt = NULL, status = $1", status)
    page = await diner.get(delivery.path)
    assert page.status == (await diner.get("/history")).status == 200
    assert said in page.text
    assert "Verify" not in page.text
    again = await diner.get(checkout.path)
    assert ("Pay 0.0042" in again.text) == (status == "voided"), "only what was never charged may be paid anew"


async def test_failing_factory_is_told_on_the_delivery_page(database_url: str, postgres: Postgres) -> None:
    failing = running_shop(database_url, policy="factory-only", factory_url="http://127.0.0.1:1")
    async with failing as shop, visiting(shop.url) as diner:
        await diner.log_in()
        form = (await diner.checkout(pizza_3="1")).form("/checkout")
        first, second = await diner.submit(form), await diner.submit(form)
    assert "and will be refunded" in first.text
    assert first.path == second.path
    assert await orders(postgres) == 1


async def test_history_is_newest_first_in_pages_of_ten(shop: Running, diner: Visitor) -> None:
    assert "You have not ordered anything yet" in (await diner.get("/history")).text
    token = diner.cookie("pizza_session")
    assert token
    placed = [(await shop.order(token, 1)).json["order"]["id"] for _ in range(11)]
    newest = await diner.get("/history")
    shown = [int(number) for number in re.findall(r'href="/delivery/(\d+)"', newest.text)]
    assert shown == placed[:0:-1]
    oldest = await diner.get("/history?page=2")
    assert re.findall(r'href="/delivery/(\d+)"', oldest.text) == [str(placed[0])]
    assert "Older" in newest.text
    assert "Older" not in oldest.text
    for page in ("0", "-1", "x", "99999999999999999999"):
        assert (await diner.get(f"/history?page={page}")).status == 400


async def test_store_among_many_franchises_is_found_by_name(shop: Running, visitor: Visitor) -> None:
    admin = await shop.log_in("a@jwt.com", "admin")
    for number in range(55):
        made = await shop.call("POST", "/api/franchise", {"name": f"Chain {number:02}", "admins": []}, token=admin)
        chain = made.json["id"]
        await shop.call("POST", f"/api/franchise/{chain}/store", {"name": f"Town {number:02}"}, token=admin)
    menu = await visitor.get("/menu")
    assert "Town 54" not in menu.text
    form = menu.form("/checkout")
    form.action = "/menu"
    found = await visitor.submit(form, franchise="chain 54", **{"pizza-1": "2"})
    assert "Town 54" in found.text
    assert found.form("/checkout").fields["pizza-1"] == "2"
