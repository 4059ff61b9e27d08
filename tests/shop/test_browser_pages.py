"""The pages in a real browser on a phone, with JavaScript and without."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.accessible import fits
from tests.browser import browsing
from tests.running import Running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as made:
        yield made


@pytest.mark.parametrize("scripts", [False, True], ids=["without JavaScript", "with JavaScript"])
async def test_diner_orders_verifies_and_looks_back_on_a_phone(shop: Running, browser: Browser, scripts: bool) -> None:
    context = await browser.new_context(
        java_script_enabled=scripts, viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True
    )
    page = await context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    await page.goto(f"{shop.url}/menu")
    await fits(page)
    if scripts:
        await page.get_by_role("button", name="One more Veggie").tap()
        await page.get_by_role("button", name="One more Veggie").tap()
        await expect(page.get_by_role("status")).to_have_text("2 pizzas · 0.0076\N{NO-BREAK SPACE}BTC")
    else:
        await page.get_by_label("How many of Veggie").fill("2")
        assert await page.get_by_role("button", name="One more Veggie").count() == 0
    await page.get_by_role("button", name="Checkout").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    await page.get_by_label("Email").fill("d@jwt.com")
    await page.get_by_label("Password").fill("diner")
    await page.get_by_role("button", name="Log in", exact=True).tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Checkout")
    await fits(page)
    await page.get_by_role("button", name="Pay 0.0076").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Here is your pizza!")
    await fits(page)
    delivery = page.url
    await page.reload()
    await page.go_back()
    await expect(page.get_by_text("You have paid for this order already")).to_be_visible()
    await page.goto(delivery)
    await page.get_by_role("button", name="Verify").tap()
    await expect(page.get_by_text("Valid.", exact=True)).to_be_visible()
    await fits(page)
    await page.get_by_role("link", name="Your orders").tap()
    await expect(page.get_by_role("listitem")).to_have_count(1)
    await expect(page.get_by_text("2 × Veggie")).to_be_visible()
    await page.get_by_role("button", name="Log out").tap()
    await expect(page.get_by_role("link", name="Log in")).to_be_visible()
    assert complaints == []


async def test_keyboard_reaches_the_content_and_the_jwt_is_copied(shop: Running, browser: Browser) -> None:
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    page.set_default_timeout(10_000)
    await page.goto(f"{shop.url}/login")
    await page.get_by_role("button", name="Log in as diner").click()
    await page.goto(f"{shop.url}/menu")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await page.get_by_label("How many of Crusty").fill("1")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Pay").press("Enter")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    answer = await shop.call("POST", "/factory/api/order/verify", {"jwt": copied})
    assert answer.json["message"] == "valid"
