"""Register, log in and log out without JavaScript."""

import html
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.running import Running, running_shop
from tests.visitor import Form, Visitor, visiting


@pytest.fixture
async def visitor(shop: Running) -> AsyncIterator[Visitor]:
    async with visiting(shop.url) as made:
        yield made


async def test_login_sets_a_cookie_that_scripts_and_other_sites_cannot_use(visitor: Visitor) -> None:
    form = (await visitor.get("/login")).form("/login")
    answer = await visitor.submit(form, follow=False, email="d@jwt.com", password="diner")
    assert (answer.status, answer.location) == (303, "/menu")
    (cookie,) = answer.set_cookies
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert cookie.startswith("pizza_session=")
    assert {"httponly", "samesite=lax", "path=/", "max-age=604800"} <= attributes
    assert "secure" not in attributes, "over plain HTTP the browser would drop it"
    assert "Hello, </span><strong>pizza diner</strong>" in (await visitor.get("/menu")).text


async def test_cookies_are_secure_when_the_public_address_is_https(database_url: str) -> None:
    async with running_shop(database_url, public_url="https://pizza.example") as shop, visiting(shop.url) as visitor:
        page = await visitor.get("/login")
        (anonymous,) = page.set_cookies
        name, _, secret = anonymous.partition(";")[0].partition("=")
        sent = {"Cookie": f"{name}={secret}", "Origin": "https://pizza.example"}
        answer = await visitor.submit(
            page.form("/login"), follow=False, headers=sent, email="d@jwt.com", password="diner"
        )
    assert answer.status == 303
    for cookie in (anonymous, *answer.set_cookies):
        assert cookie.startswith("__Host-")
        assert "secure" in cookie.lower().replace(" ", "").split(";")


async def test_refused_login_keeps_the_address_and_never_the_password(visitor: Visitor) -> None:
    unknown = await visitor.log_in("no\"body'<@x.com", "s3cret-typed")
    wrong = await visitor.log_in("d@jwt.com", "s3cret-typed")
    assert unknown.status == wrong.status == 401
    text = "No account has this email and password"
    assert text in unknown.text
    assert text in wrong.text
    assert wrong.form("/login").fields["email"] == "d@jwt.com"
    assert unknown.form("/login").fields["email"] == "no\"body'<@x.com"
    assert "s3cret-typed" not in unknown.text + wrong.text
    assert visitor.cookie("pizza_session") is None


async def test_too_many_failures_are_told_when_to_come_back(database_url: str) -> None:
    async with (
        running_shop(database_url, login_failures_per_account=1) as shop,
        visiting(shop.url) as visitor,
    ):
        await visitor.log_in("d@jwt.com", "wrong")
        await visitor.log_in("d@jwt.com", "wrong")
        refused = await visitor.log_in("d@jwt.com", "diner")
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "Try again in 5 minutes" in refused.text


async def test_registration_logs_in_and_goes_on(visitor: Visitor) -> None:
    form = (await visitor.get("/register?next=%2Fhistory")).form("/register")
    page = await visitor.submit(form, name="<b>Ada</b>", email="ada@x.com", password="a")
    assert (page.status, page.path) == (200, "/history")
    assert html.escape("<b>Ada</b>") in page.text


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"name": "", "email": "n@x.com", "password": "p"}, 400, "are required"),
        ({"name": "N", "email": "nowhere", "password": "p"}, 400, "must look like"),
        ({"name": "N", "email": "D@JWT.com", "password": "p"}, 409, "Log in instead"),
        ({"name": "N\0", "email": "n@x.com", "password": "p"}, 400, "control characters"),
    ],
)
async def test_refused_registration_says_what_to_change(
    visitor: Visitor, fields: dict[str, str], status: int, said: str
) -> None:
    form = (await visitor.get("/register")).form("/register")
    page = await visitor.submit(form, **fields)
    assert page.status == status
    assert said in page.text
    assert page.form("/register").fields["email"] == fields["email"]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/%0d%0aSet-Cookie:a=b\r\nX: y",
        "javascript:alert(1)",
        "history",
        "",
    ],
)
async def test_next_leads_nowhere_but_to_this_shop(visitor: Visitor, target: str) -> None:
    form = (await visitor.get("/login")).form("/login")
    answer = await visitor.submit(form, follow=False, email="d@jwt.com", password="diner", next=target)
    assert (answer.status, answer.location) == (303, "/menu")
    again = await visitor.get(f"/login?{urlencode({'next': target})}", follow=False)
    assert (again.status, again.location) == (303, "/menu")


async def test_logout_ends_the_session_everywhere(shop: Running, visitor: Visitor) -> None:
    await visitor.log_in()
    token = visitor.cookie("pizza_session")
    assert (await shop.call("GET", "/api/user/me", token=token)).status == 200
    page = await visitor.submit((await visitor.get("/menu")).form("/logout"))
    assert page.path == "/"
    assert visitor.cookie("pizza_session") is None
    assert (await shop.call("GET", "/api/user/me", token=token)).status == 401
    assert (await visitor.get("/history", follow=False)).location == "/login?next=%2Fhistory"


async def test_cookie_is_for_pages_and_bearer_for_the_api(shop: Running, visitor: Visitor) -> None:
    await visitor.log_in()
    token = visitor.cookie("pizza_session")
    for path in ("/api/user/me", "/api/order"):
        assert (await shop.call("GET", path, headers={"Cookie": f"pizza_session={token}"})).status == 401
    bearer_only = await shop.call(
        "GET", "/history", headers={"Authorization": f"Bearer {token}", "Accept": "text/html"}
    )
    assert bearer_only.status == 303


async def test_every_form_is_refused_from_another_site_or_without_its_token(
    shop: Running, visitor: Visitor, postgres: Postgres
) -> None:
    await visitor.log_in()
    good = (await visitor.checkout(pizza_1="1")).form("/checkout")
    for action in ("/login", "/register", "/logout", "/checkout", "/delivery/1/verify"):
        form = Form(action, "post", good.fields)
        for headers, fields in (
            ({"Sec-Fetch-Site": "cross-site"}, form.fields),
            ({"Sec-Fetch-Site": "same-site"}, form.fields),
            ({"Origin": "https://evil.example"}, form.fields),
            ({"Origin": "null"}, form.fields),
            ({}, {**form.fields, "form": ""}),
            ({}, {**form.fields, "form": "0" * 64}),
            ({}, {**form.fields, "form": "é"}),
        ):
            page = await visitor.submit(Form(action, "post", fields), headers=headers, follow=False)
            assert page.status == 403, (action, headers)
            assert "comes from another site" in page.text
    assert await postgres.fetchval("t", "SELECT count(*) FROM shop.orders") == 0
    assert (await visitor.get("/history", follow=False)).status == 200, "still logged in"


async def test_token_of_one_visitor_is_no_good_for_another(shop: Running, visitor: Visitor) -> None:
    theirs = (await visitor.get("/login")).form("/login")
    async with visiting(shop.url) as other:
        await other.get("/login")
        page = await other.submit(theirs, email="d@jwt.com", password="diner")
    assert page.status == 403


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/json", ""])
async def test_only_a_form_is_read_as_a_form(shop: Running, kind: str) -> None:
    answer = await shop.call("POST", "/login", data=b"form=x", headers={"Content-Type": kind})
    assert answer.status == 400


async def test_form_opened_before_logging_in_still_works_after(visitor: Visitor) -> None:
    """Two tabs: the one with the login form does not know that the other has logged in."""
    form = (await visitor.get("/login")).form("/login")
    await visitor.log_in()
    page = await visitor.submit(form, email="f@jwt.com", password="franchisee")
    assert page.status == 200
    assert "pizza franchisee" in page.text


async def test_demo_logins_are_shown_only_in_a_demo(visitor: Visitor, database_url: str) -> None:
    assert "oncall@jwt.com" in (await visitor.get("/login")).text
    async with running_shop(database_url, demo=False) as real, visiting(real.url) as guest:
        page = await guest.get("/login")
        assert "jwt.com" not in page.text
        assert 'minlength="8"' in (await guest.get("/register")).text
