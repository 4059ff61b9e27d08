"""The incident as the engineer lives it, on a phone: from the text to the status page, on a real running system; and
what holds for every page of ops, now that there is something on each."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import Locator, Page, expect

from jwt_pizza.apps.ops import demo
from tests.accessible import fits, prepare, violations
from tests.apps.load import Up
from tests.browser import browsing
from tests.running import Running

DINERS = 2
PHONE = {"width": 390, "height": 844}
FORCED = {"JWT_PIZZA_POLICY": "factory-only", "JWT_PIZZA_AMENDS_MOST_DINERS": "1"}
"""As before the incident, and amends for more than one need an approval."""
SMALL, ZOOMED = {"width": 320, "height": 640}, {"width": 640, "height": 400}
PUBLIC = ("/status", "/status/incidents/1", "/login", "/nowhere", "/phone", "/mailbox", "/schema", "/")
CONSOLE = (
    *("/", "/groups", "/groups?status=all", "/groups/1", "/groups/999", "/incidents", "/incidents?state=all"),
    *("/incidents/1", "/incidents/1/updates", "/incidents/1/report", "/incidents/1/report/print?public"),
    *(
        "/attempts",
        "/charts",
        "/drills",
        "/drills?copy=bad-pizzas",
        "/connections",
        "/on-call",
        "/coverage",
        "/keys",
        "/phone",
        "/mailbox",
    ),
)
UNGUARDED = "[...document.forms].filter(form => form.method === 'post' && !form.elements.form?.value)"
BY_A_TOKEN = ("/a/", "/status", "/login")
"""Whose forms no login stands behind."""


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    started = Up(home, FORCED)
    yield started
    if started.process.poll() is None:
        assert started.stop() == 0


async def test_texted_engineer_ends_the_incident_makes_it_good_and_tells_it(up: Up) -> None:
    async with browsing() as browser:
        context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce")
        await prepare(context)
        page = await context.new_page()
        page.set_default_timeout(20_000)
        expect.set_options(timeout=20_000)
        complaints: list[str] = []
        asked: set[str] = set()
        page.on("console", lambda message: complaints.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))

        await page.goto(f"{up.ops}/phone")
        await asyncio.gather(attack(up), expect(page.get_by_text("Nothing yet.")).to_be_visible())
        await hurt(up)
        await acknowledge(page)
        await log_in(page)
        await report_the_problem(page)
        await make_it_good(page)
        await tell_customers(page)
        await publish(page)
        await read_the_status_page(page)
        assert complaints == []
        await every_page(page, up.ops)
        assert [each for each in complaints if "/nowhere" not in each and "/999" not in each] == []
        assert asked == {urlsplit(up.ops).netloc}


async def attack(up: Up) -> None:
    argv = [sys.executable, "-m", "jwt_pizza", "chaos", "start", "fail"]
    environment = up.environment | {"JWT_PIZZA_URL": up.shop}
    await asyncio.to_thread(subprocess.run, argv, env=environment, capture_output=True, check=True, timeout=60)


async def hurt(up: Up) -> None:
    async with aiohttp.ClientSession() as client:
        shop = Running(up.shop, client)
        for number in range(DINERS):
            _, token = await shop.register(f"Diner {number}", f"diner{number}@example.com")
            assert (await shop.order(token, 1, 2)).status == 500


async def acknowledge(page: Page) -> None:
    """The text comes in by itself; one tap on its link, one on the button."""
    await page.get_by_role("log").get_by_role("link").last.tap()
    button = page.get_by_role("button", name="Acknowledge")
    await expect(button).to_be_in_viewport(ratio=1)
    await good(page)
    await button.tap()
    await expect(page.get_by_text("Acknowledged.", exact=True)).to_be_visible()
    await page.get_by_role("link", name="overview").tap()


async def log_in(page: Page) -> None:
    await page.get_by_role("link", name="Log in").tap()
    await page.get_by_label("Email").fill(demo.EMAIL)
    await page.get_by_label("Password").fill(demo.PASSWORD)
    await page.get_by_role("button", name="Log in").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Orders fail")
    await good(page)
    incident = page.locator('[data-part="incidents"]').get_by_role("link").first
    await expect(incident).to_be_in_viewport()
    await incident.tap()


async def report_the_problem(page: Page) -> None:
    button = page.get_by_role("button", name="Report the problem to the factory")
    await expect(button).to_be_in_viewport(ratio=1)
    await good(page)
    await button.tap()
    told = page.get_by_role("status").filter(has_text="Pizza is back on the menu!")
    await expect(told).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Report the problem to the factory again")).to_be_visible()
    await page.get_by_role("button", name="The harm has stopped").tap()


async def make_it_good(page: Page) -> None:
    await page.get_by_role("button", name="Measure now").tap()
    await expect(fact(page, "Diners affected")).to_contain_text(f"{DINERS} of {DINERS}")
    await page.get_by_role("button", name="Plan", exact=True).tap()
    await page.get_by_role("button", name="Approve").tap()
    await expect(fact(page, "Approval")).to_have_text("given")
    await good(page)
    await page.get_by_role("button", name="Give them").tap()
    await expect(fact(page, "Letters")).to_contain_text(f"{DINERS} sent")
    await expect(page.get_by_text(f"{DINERS} of {DINERS} diners")).to_be_visible()
    await page.get_by_role("button", name="Resolve", exact=True).tap()
    await expect(page.get_by_role("button", name="The review is done")).to_be_visible()


async def tell_customers(page: Page) -> None:
    await page.get_by_role("link", name="Updates for customers").tap()
    await page.get_by_label("Title, as customers read it").fill("Orders failed")
    await page.get_by_label("Status").select_option("resolved")
    await page.get_by_label("Orders").check()
    await page.get_by_label("What customers should know").fill("Pizzas come again.")
    await good(page)
    await page.get_by_role("button", name="Publish").tap()
    await expect(page.get_by_role("listitem").filter(has_text="Pizzas come again.")).to_be_visible()


async def publish(page: Page) -> None:
    await page.get_by_role("link", name="Report", exact=True).tap()
    await expect(page.get_by_role("article")).to_contain_text("chaos attack")
    await good(page)
    await page.get_by_role("button", name="Save and publish").tap()
    await page.get_by_role("link", name="On the status page").tap()


async def read_the_status_page(page: Page) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text("Orders failed")
    await expect(page.get_by_text("Pizzas come again.")).to_be_visible()
    async with asyncio.timeout(20):
        # It is drawn by another task, a moment after it was published.
        while not await page.locator("article.report").count():
            await page.reload()
    await expect(page.locator("article.report")).to_contain_text("Prevention")
    await good(page)
    await page.get_by_role("banner").get_by_role("link").tap()
    await expect(page.get_by_role("link", name="Orders failed")).to_be_visible()


def fact(page: Page, name: str) -> Locator:
    return page.locator(f"dt:text-is('{name}') + dd")


async def every_page(page: Page, ops: str) -> None:
    kinds: set[str] = set()
    for path in CONSOLE:
        await page.goto(ops + path)
        await usable(page)
    await page.goto(f"{ops}/phone")
    await page.get_by_role("log").get_by_role("link").last.click()
    await usable(page)
    await page.goto(f"{ops}/on-call")
    await page.get_by_role("button", name="Log out").click()
    page.on("response", lambda answer: kinds.add(answer.headers.get("content-type", "")))
    for path in PUBLIC:
        await page.goto(ops + path)
        await usable(page)
    await page.goto(f"{ops}/status")
    await page.get_by_label("Your address").fill("diner@example.com")
    await page.get_by_role("button", name="Subscribe").click()
    await expect(page.get_by_role("link", name="Back to the status")).to_be_visible()
    await usable(page)
    assert [kind for kind in kinds if kind.startswith("text/html")] == ["text/html; charset=utf-8"]


async def usable(page: Page) -> None:
    """On a small phone, and at 200 % zoom, in both colour schemes; nobody else can send its forms."""
    assert await violations(page, dark=True) == [], page.url
    for size in (ZOOMED, SMALL):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await fits(page)
    if not urlsplit(page.url).path.startswith(BY_A_TOKEN):
        assert await page.evaluate(f"{UNGUARDED}.map(form => form.action)") == [], page.url


async def good(page: Page) -> None:
    await fits(page)
    assert await violations(page) == [], page.url
