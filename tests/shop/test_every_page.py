"""What holds for every page of the shop: axe-core finds nothing, it fits a small phone and 200 % zoom, its forms are
guarded, and it asks nobody else for anything."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from jwt_pizza.factory.vendors.model import SHOP, key_hash
from jwt_pizza.factory.vendors.store import PostgresCodes
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from tests.accessible import fits, prepare, violations
from tests.browser import browsing
from tests.running import Running

SMALL, ZOOMED = {"width": 320, "height": 640}, {"width": 640, "height": 400}
"""200 % on a screen of 1280 × 800 leaves 640 × 400."""
UNGUARDED = """[...document.forms].filter(form => form.method === "post")
    .filter(form => !(form.elements.form?.value || form.elements.csrf?.value)).map(form => form.action)"""
ADMINS = (
    *("/admin", "/admin/users", "/admin/users/2", "/admin/menu", "/admin/care?sought=d@jwt.com", "/admin/audit"),
    *("/admin/vouchers",),
    *("/admin/franchises/1/close", "/franchise/1", "/franchise/1/books", "/franchise", "/profile", "/history"),
)
READING = ("/about", "/history-of-pizza", "/docs", "/docs/service", "/docs/factory", "/docs/ops", "/schema")
ANYBODY = ("/", "/menu", "/login", "/register", "/design", "/nowhere", "/checkout?store=1&pizza-1=99")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as made:
        yield made


async def test_every_page_can_be_used_by_everybody(shop: Running, browser: Browser, postgres: Postgres) -> None:
    context = await browser.new_context(viewport=SMALL, reduced_motion="reduce")
    await prepare(context)
    page = await context.new_page()
    asked: set[str] = set()
    complaints: list[str] = []
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("console", lambda message: complaints.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    for path in READING:
        await look(page, shop.url + path)
    for path in ANYBODY:
        await look(page, shop.url + path, dark=True)
    await shop.order(await shop.log_in(), 1, 2)
    admin = await shop.log_in("a@jwt.com", "admin")
    await shop.call("PUT", "/api/user/1", {"name": "Wolfeschlegelsteinhausenbergerdorff" * 2}, token=admin)
    await page.goto(f"{shop.url}/login")
    await page.get_by_role("button", name="Log in as admin").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Menu")
    for path in ADMINS:
        await look(page, shop.url + path)
    await look(page, f"{shop.url}/factory/console")
    await enter_console(page, postgres, shop.url)
    await look(page, f"{shop.url}/factory/console")
    await expect(page.get_by_role("heading", level=1)).to_have_text("JWT Pizza")
    await page.get_by_role("button", name="Make a new key").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your new API key")
    await check(page)
    assert asked == {urlsplit(shop.url).netloc}
    assert [each for each in complaints if "/nowhere" not in each and "/checkout?" not in each] == []


async def enter_console(page: Page, postgres: Postgres, url: str) -> None:
    until = SystemClock().now() + timedelta(hours=1)
    await PostgresCodes(postgres).open_session(key_hash("session-of-a-test"), SHOP.id, until)
    await page.context.add_cookies(
        [{"name": "factory_session", "value": "session-of-a-test", "url": f"{url}/factory/console"}]
    )


async def look(page: Page, address: str, *, dark: bool = False) -> None:
    await page.goto(address)
    await check(page, dark=dark)


async def check(page: Page, *, dark: bool = False) -> None:
    assert await violations(page, dark=dark) == [], page.url
    for size in (ZOOMED, SMALL):
        await page.set_viewport_size(size)
        await fits(page)
    assert await page.evaluate(UNGUARDED) == [], page.url
