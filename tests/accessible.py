"""What axe-core finds wrong with a page, and whether it fits."""

from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page

_AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def fits(page: Page) -> None:
    """Nothing sticks out to the side."""
    width = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width[0] <= width[1], f"{page.url} is {width[0]} px wide on {width[1]}"


async def prepare(context: BrowserContext) -> None:
    """Every page of it brings axe along: quicker than to hand it to each."""
    await context.add_init_script(script=_AXE.read_text(encoding="utf-8"))


async def violations(page: Page, *, dark: bool = False) -> list[str]:
    """Each with the element that it was found at; `dark`: contrasts in the other colour scheme too."""
    found = await _run(page, {"runOnly": {"type": "tag", "values": _RULES}})
    if dark:
        await page.emulate_media(color_scheme="dark")
        found += await _run(page, {"runOnly": ["color-contrast"]})
        await page.emulate_media(color_scheme="light")
    return found


async def _run(page: Page, options: dict[str, Any]) -> list[str]:
    more = {"resultTypes": ["violations"], "preload": False, "iframes": False}
    result = await page.evaluate("options => axe.run(document, options)", options | more)
    return [
        f"{violation['id']}: {node['html'][:200]}" for violation in result["violations"] for node in violation["nodes"]
    ]
