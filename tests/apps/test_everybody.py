"""Everybody's way through their pages in a real browser: on a phone and on a desktop, with JavaScript and without."""

from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from jwt_pizza.kit.postgres import Postgres
from tests.accessible import fits
from tests.browser import browsing
from tests.ops.office import ADA, PASSWORD, office
from tests.places import thorough
from tests.running import Running
from tests.shop.test_every_page import enter_console

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 860}
WAYS = [(PHONE, False), (DESKTOP, True), (PHONE, True), (DESKTOP, False)][: thorough(4, 2)]
"""Sizes, and whether scripts run."""


@dataclass
class Visit:
    """Of one browser; `number` tells apart what each of them makes."""

    page: Page
    number: int
    shop: str
    ops: str

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def follow(self, name: str) -> None:
        await self.page.get_by_role("link", name=name, exact=True).first.click()

    async def fill(self, **fields: str) -> None:
        """By the ids of the fields."""
        for name, text in fields.items():
            await self.page.locator(f"#{name}").fill(text)

    async def stands(self, heading: str) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        await fits(self.page)

    async def reads(self, text: str) -> None:
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def log_in(self, role: str) -> None:
        await self.page.goto(f"{self.shop}/login")
        await self.press(f"Log in as {role}")
        await self.stands("Menu")


async def test_everybody_gets_along_with_any_screen_and_without_scripts(
    shop: Running, database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path, url=shop.url) as made, browsing() as browser:
        for number, (size, scripts) in enumerate(WAYS):
            await visit(Visit(await opened(browser, size, scripts), number, shop.url, made.ops.url), postgres)


async def opened(browser: Browser, size: dict[str, int], scripts: bool) -> Page:
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        java_script_enabled=scripts,
        is_mobile=size is PHONE,
        has_touch=size is PHONE,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    page.set_default_timeout(10_000)
    return page


async def visit(way: Visit, postgres: Postgres) -> None:
    complaints: list[str] = []
    way.page.on("console", lambda message: complaints.append(f"{way.page.url}: {message.text}"))
    way.page.on("pageerror", lambda error: complaints.append(f"{way.page.url}: {error}"))
    await dines(way)
    await runs_a_store(way)
    await administers(way)
    await sells(way, postgres)
    await is_on_call(way)
    assert complaints == []
    await way.page.context.close()


async def dines(way: Visit) -> None:
    await way.log_in("diner")
    await way.page.get_by_label("How many of Veggie").fill("2")
    await way.press("Checkout")
    await way.page.get_by_role("button", name="Pay 0.0076").click()
    await way.stands("Here is your pizza!")
    await way.press("Verify at the factory")
    await expect(way.page.get_by_text("Valid.", exact=True)).to_be_visible()
    await way.follow("Your orders")
    await expect(way.page.get_by_role("link", name="Order again")).to_have_count(way.number + 1)
    await way.press("Log out")


async def runs_a_store(way: Visit) -> None:
    await way.log_in("franchisee")
    await way.follow("Your stores")
    await way.stands("pizzaPocket")
    await way.fill(name=f"Orem {way.number}")
    await way.press("Open")
    await way.follow(f"Close Orem {way.number}")
    await way.stands(f"Close pizzaPocket Orem {way.number}?")
    await way.press("Close the store")
    await way.stands("pizzaPocket")
    await expect(way.page.get_by_text(f"Orem {way.number}")).to_have_count(0)
    await way.follow("Line by line")
    await way.stands("Line by line")
    await way.page.get_by_label("Show").select_option("special")
    await way.press("Show")
    await way.stands("Line by line")
    await way.press("Log out")


async def administers(way: Visit) -> None:
    await way.log_in("admin")
    await way.follow("Admin")
    await way.fill(name=f"Night {way.number}", emails="f@jwt.com")
    await way.press("Open")
    await way.fill(sought="Night")
    await way.press("Find")
    await way.follow(f"Close Night {way.number}")
    await way.press("Close the franchise")
    await way.stands("Franchises")
    await way.follow("Refunds")
    await way.fill(sought="d@jwt.com")
    await way.press("Find")
    newest = way.page.get_by_role("listitem").filter(has=way.page.get_by_role("button", name="Refund 0.0076")).first
    await newest.get_by_label("Reason").fill("cold")
    await newest.get_by_role("button", name="Refund 0.0076").click()
    await expect(way.page.get_by_role("status").first).to_be_visible()
    await way.follow("Audit log")
    await way.reads("cold")
    await fits(way.page)
    await way.press("Log out")


async def sells(way: Visit, postgres: Postgres) -> None:
    if way.number == 0:
        await enter_console(way.page, postgres, way.shop)
    else:
        session = {"name": "factory_session", "value": "session-of-a-test", "url": f"{way.shop}/factory/console"}
        await way.page.context.add_cookies([session])  # type: ignore[list-item]
    await way.page.goto(f"{way.shop}/factory/console")
    await way.stands("JWT Pizza")
    await way.press("Attack my orders")
    await way.press("Stop it")
    await way.reads("Orders are baked as they should be.")
    await way.press("Make a new key")
    await way.stands("Your new API key")


async def is_on_call(way: Visit) -> None:
    await way.page.goto(f"{way.ops}/incidents")
    await way.stands("Log in to ops")
    await way.fill(email=ADA, password=PASSWORD)
    await way.press("Log in")
    await way.stands("Incidents")
    await way.fill(title=f"Ovens are cold {way.number}")
    await way.press("Declare an incident")
    await way.stands(f"Ovens are cold {way.number}")
    await way.press("Acknowledge")
    await way.fill(text="I look at the wood.")
    await way.press("Add to the timeline")
    await way.reads("noted: I look at the wood.")
    await way.follow("Overview")
    await way.follow(f"Ovens are cold {way.number}")
    await way.press("Resolve")
    await way.press("The review is done")
    await way.reads("closed the review")
    await way.press("Log out")
    await way.stands("Log in to ops")
