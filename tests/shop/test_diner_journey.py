"""A diner on a phone while the factory is silent: live tracking, the pizza checked, shown, kept, and taken along."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.bulletins.gateway import HttpStatusPage
from tests.accessible import fits, prepare, violations
from tests.browser import browsing
from tests.postbox import mail_server
from tests.running import running_shop
from tests.visitor import visiting

TITLE = "Orders take longer <than> usual"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as made:
        yield made


@asynccontextmanager
async def silent_factory() -> AsyncIterator[str]:
    """Takes what it is sent and says nothing."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def status_page(answer: object) -> AsyncIterator[str]:
    async def status(_: web.Request) -> web.Response:
        return web.json_response(answer)

    app = web.Application()
    app.router.add_get("/api/status", status)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    try:
        yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    finally:
        await runner.cleanup()


async def test_diner_watches_the_oven_and_keeps_the_pizza(
    database_url: str, postgres: Postgres, browser: Browser
) -> None:
    over = {"title": "Old", "closedAt": "2025-04-08T16:00:00Z", "report": "x" * 300_000}
    told = {"parts": [], "incidents": [over, {"title": TITLE, "closedAt": None}]}
    async with (
        silent_factory() as factory,
        status_page(told) as ops,
        running_shop(database_url, policy="factory", factory_url=factory, ops_url=ops) as shop,
    ):
        context = await browser.new_context(
            viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, reduced_motion="reduce"
        )
        await prepare(context)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))

        await page.goto(f"{shop.url}/menu")
        banner = page.get_by_role("complementary", name="Trouble right now")
        await expect(banner).to_contain_text(TITLE)
        await expect(banner.get_by_role("link")).to_have_attribute("href", f"{ops}/status")
        await page.get_by_role("button", name="One more Charred Leopard").tap()
        await page.reload()
        await expect(page.get_by_label("How many of Charred Leopard")).to_have_value("1")
        await page.get_by_role("button", name="Checkout").tap()
        await page.get_by_role("button", name="Log in as diner").tap()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Checkout")
        await good(page)
        await page.get_by_role("button", name="Pay 0.0099").tap()

        # Held while the factory is asked; the page turns by itself once the own oven has stood in.
        await expect(page.get_by_role("heading", level=1)).to_have_text("Your pizza is in the oven")
        assert await postgres.fetchval("t", "SELECT status::text FROM shop.orders") == "held"
        await expect(page.get_by_role("heading", level=1)).to_have_text("Here is your pizza!")
        await good(page)

        await page.get_by_role("button", name="Check it in this browser").tap()
        verdict = page.locator("#verdict")
        await expect(verdict).to_contain_text("Valid. Checked in this browser, with")
        await context.set_offline(True)
        await page.get_by_role("button", name="Check it in this browser").tap()
        await expect(verdict).to_contain_text("Valid. Checked in this browser, offline")
        await context.set_offline(False)
        other = await page.evaluate("btoa(JSON.stringify({order: {id: 1}, exp: 9e9})).replaceAll('=', '')")
        genuine = await page.locator("#jwt .jwt-payload").inner_text()
        await page.locator("#jwt .jwt-payload").evaluate("(part, text) => { part.textContent = text }", other)
        await page.get_by_role("button", name="Check it in this browser").tap()
        await expect(verdict).to_contain_text("Not valid. The signature does not match")
        await page.locator("#jwt .jwt-payload").evaluate("(part, text) => { part.textContent = text }", genuine)
        await page.get_by_text("What it says, part by part").tap()
        await expect(page.get_by_text("JWT Pizza baked order")).to_be_visible()

        await page.get_by_role("button", name="Make a link").tap()
        link = await page.get_by_label("The link", exact=True).input_value()
        await expect(page.get_by_role("link", name="QR code of the link")).to_be_visible()
        await good(page)
        async with visiting(shop.url) as stranger:
            seen = await stranger.get(link.removeprefix(shop.url))
            assert "Valid</span> Baked at pizzaPocket SLC for pizza diner" in seen.text
            await page.get_by_role("button", name="Stop sharing").tap()
            await expect(page.get_by_role("button", name="Make a link")).to_be_visible()
            for gone in (link.removeprefix(shop.url), "/pizza/x", "/pizza/" + "A" * 22):
                assert (await stranger.get(gone)).status == 404

        await page.get_by_role("link", name="Your orders").tap()
        await page.get_by_role("button", name="Keep order").tap()
        await expect(page.get_by_role("heading", name="Favourites")).to_be_visible()
        await good(page)
        await page.get_by_role("link", name="Order again").first.tap()
        await expect(page.get_by_role("button", name="Pay 0.0099")).to_be_visible()
        assert complaints == []


async def test_diner_looks_after_the_account(database_url: str, postgres: Postgres) -> None:
    async with running_shop(database_url) as shop, visiting(shop.url) as diner, visiting(shop.url) as other:
        phone = {"User-Agent": "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36"}
        page = await other.get("/login")
        await other.submit(page.form("/login"), headers=phone, email="d@jwt.com", password="diner")
        await diner.log_in()
        await diner.submit((await diner.checkout(pizza_1="2")).form("/checkout"))
        profile = await diner.get("/profile")
        assert "Chrome on Android" in profile.text
        assert profile.text.count("this one") == 1
        assert (await other.get("/profile")).path == "/profile"
        await diner.submit(profile.form("/profile/logins"))
        assert (await other.get("/profile")).path.startswith("/login")
        assert (await diner.get("/profile")).path == "/profile"

        form = profile.form("/profile")
        refused = await diner.submit(form, email="d2@jwt.com", present="wrong")
        assert (refused.status, "This is not your password" in refused.text) == (403, True)
        assert refused.form("/profile").fields["email"] == "d2@jwt.com"
        refused = await diner.submit(form, password="new")
        assert refused.status == 400
        saved = await diner.submit(form, name="Ada <b>", email="d2@jwt.com", present="diner")
        assert "Saved." in saved.text
        assert "Ada &lt;b&gt;" in saved.text
        await diner.submit(form, name="Ada", email="d2@jwt.com", password="fresh", present="diner")
        async with visiting(shop.url) as again:
            assert (await again.log_in("d2@jwt.com", "fresh")).path == "/menu"

        export = await diner.get("/profile/export")
        assert "attachment" in export.headers["Content-Disposition"]
        taken = json.loads(export.text)
        assert (taken["user"]["email"], taken["orders"][0]["total"]) == ("d2@jwt.com", 0.0076)
        assert taken["orders"][0]["jwt"]
        assert "password" not in export.text

        farewell = saved.form("/profile/delete")
        for fields in ({"present": "fresh", "sure": ""}, {"present": "wrong", "sure": "yes"}):
            assert (await diner.submit(farewell, **fields)).status in {400, 403}
        assert "Goodbye" in (await diner.submit(farewell, present="fresh", sure="yes")).text
        assert (await diner.get("/profile")).path.startswith("/login")
        assert await postgres.fetchval("t", "SELECT count(*) FROM shop.users WHERE email = 'd2@jwt.com'") == 0


async def test_receipt_is_mailed_to_its_diner_a_few_times(database_url: str, postgres: Postgres) -> None:
    async with mail_server() as (smtp, mailbox), running_shop(database_url, smtp_url=smtp) as shop:
        async with visiting(shop.url) as diner:
            await diner.log_in()
            page = await diner.submit((await diner.checkout(pizza_1="2", pizza_5="1")).form("/checkout"))
            form = page.form(f"{page.path}/receipt")
            for _ in range(3):
                assert "The receipt is on its way" in (await diner.submit(form)).text
            refused = await diner.submit(form)
            assert (refused.status, "look among your mail" in refused.text) == (429, True)
        mail = mailbox.mails[0]
        assert (mail["To"], len(mailbox.taken), len(mailbox.ids())) == ("d@jwt.com", 3, 1)
        body = mail.get_body(("plain",))
        assert body is not None
        assert "2 x Veggie: 0.0076" in body.get_content()
        assert "Total: 0.0175" in body.get_content()
        async with visiting(shop.url) as other:
            await other.log_in("f@jwt.com", "franchisee")
            form.fields["form"] = (await other.get("/menu")).form("/logout").fields["form"]
            assert (await other.submit(form)).status == 404
    async with running_shop(database_url, smtp_url="smtp://127.0.0.1:1") as shop, visiting(shop.url) as diner:
        await postgres.execute("t", "UPDATE shop.receipts SET times = 2")
        await diner.log_in()
        form.fields["form"] = (await diner.get("/menu")).form("/logout").fields["form"]
        for _ in range(2):
            assert (await diner.submit(form)).status == 503, "and it does not count"


async def test_status_page_that_cannot_be_had_shows_nothing() -> None:
    for answer in ({"incidents": "?"}, [], {"incidents": [{"title": " "}]}, {"incidents": [{"title": 3}]}):
        async with status_page(answer) as ops:
            assert await HttpStatusPage(ops, None).open_incident() is None
    async with silent_factory() as ops:
        assert await HttpStatusPage(ops, None).open_incident() is None
    measured = {"state": "down", "orders": "down", "incidents": []}
    async with status_page(measured) as ops:
        bulletin = await HttpStatusPage(ops, None).open_incident()
        assert bulletin is not None and bulletin.title == "Many orders fail", "before anybody has said anything"
    async with status_page({**measured, "orders": "operational"}) as ops:
        assert await HttpStatusPage(ops, None).open_incident() is None, "the factory alone is away"
    assert await HttpStatusPage("http://127.0.0.1:1", None).open_incident() is None


async def good(page: Page) -> None:
    await fits(page)
    assert await violations(page, dark=True) == [], page.url


async def test_shop_leads_to_the_status_page_and_promises_what_its_policy_keeps(database_url: str) -> None:
    promise = "You are charged only for pizzas that were delivered."
    ops = {"ops_public_url": "https://ops.example/", "policy": "factory-only"}
    async with running_shop(database_url, **ops) as shop, visiting(shop.url) as diner:
        home = await diner.get("/")
        assert 'href="https://ops.example/status"' in home.text and promise not in home.text
        away = await diner.get("/status", follow=False)
        assert (away.status, away.location) == (303, "https://ops.example/status")
        await diner.log_in()
        assert "You are charged when you order" in (await diner.checkout(pizza_1="1")).text
    async with running_shop(database_url) as shop, visiting(shop.url) as diner:
        assert promise in (await diner.get("/")).text
        assert (await diner.get("/status")).status == 404
