"""The page at `/schema`: every call, for everybody, to be tried with a token."""

import json
import re

from playwright.async_api import expect

from tests.accessible import fits, prepare, violations
from tests.browser import browsing
from tests.running import Running, running_factory, running_ops

UNFOLD = "document.querySelectorAll('details').forEach(each => { each.open = true })"


async def test_calls_are_described_and_tried(shop: Running) -> None:
    token = await shop.log_in()
    async with browsing() as browser:
        context = await browser.new_context(viewport={"width": 320, "height": 640}, reduced_motion="reduce")
        await prepare(context)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{shop.url}/schema#ApiOrderPlace")
        call = page.locator("#ApiOrderPlace")
        await expect(call).to_have_attribute("open", "")
        await expect(call.get_by_role("row", name="items[].menuId")).to_contain_text("integer, at least 1, required")
        await expect(call).to_contain_text(f"curl -X POST {shop.url}/api/order")

        attempt = call.get_by_role("button", name="Try it")
        await attempt.click()
        await expect(call.get_by_role("status")).to_contain_text("401")
        await expect(call.locator("[data-answer]")).to_contain_text("unauthorized")
        await page.get_by_label("Token").fill(token)
        await call.get_by_label("Body").fill(json.dumps({"franchiseId": 1, "storeId": 1, "items": [{"menuId": 2}]}))
        for _ in range(2):
            await call.get_by_label("Idempotency-Key").fill("tried")
            await attempt.click()
            await expect(call.get_by_role("status")).to_contain_text("200")
        assert len((await shop.call("GET", "/api/order", token=token)).json["orders"]) == 1, "the header is sent"
        found = page.locator("#ApiFranchiseFranchises")
        await found.locator("summary").click()
        await found.get_by_label("name", exact=True).fill("no such *")
        await found.get_by_role("button", name="Try it").click()
        await expect(found.locator("[data-answer]")).to_contain_text('"franchises": []')

        await page.evaluate(UNFOLD)
        assert await violations(page, dark=True) == []
        await fits(page)
        assert complaints == []


async def test_calls_are_read_without_scripts(shop: Running) -> None:
    async with browsing() as browser:
        page = await (await browser.new_context(java_script_enabled=False)).new_page()
        await page.goto(f"{shop.url}/schema")
        call = page.locator("#ApiOrderPlace")
        await call.locator("summary").click()
        await expect(call.get_by_role("row", name="storeId")).to_be_visible()
        await expect(page.get_by_role("button", name="Try it")).to_have_count(0)
        await page.get_by_role("link", name="openapi.json").click()
        await expect(page.locator("body")).to_contain_text("ApiOrderPlace")


async def test_ops_and_a_factory_alone_are_described(database_url: str) -> None:
    async with running_ops(database_url) as ops, running_factory(database_url) as factory:
        for running, call in ((ops, "POST /api/v2/alerts"), (factory, "POST /api/order/verify")):
            page = await running.call("GET", "/schema")
            assert page.status == 200
            assert f"<code>{call}</code>" in page.text
            [home] = re.findall(r'class="brand" href="([^"]+)"', page.text)
            assert (await running.call("GET", home, headers={"Accept": "text/html"})).status in {200, 303}
