"""What axe-core finds wrong with a page, and whether it fits."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

_AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _axe() -> str:
    return _AXE.read_text(encoding="utf-8")


async def fits(page: Page) -> None:
    """Nothing sticks out to the side."""
    width = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width[0] <= width[1], f"{page.url} is {width[0]} px wide on {width[1]}"


async def violations(page: Page) -> list[str]:
    """In both colour schemes; each with the element that it was found at."""
    await page.evaluate(_axe())
    found: list[str] = []
    by_tags: dict[str, Any] = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}
    contrast: dict[str, Any] = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
    for options, scheme in ((by_tags, "light"), (contrast, "dark")):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        result = await page.evaluate("options => axe.run(document, options)", options)
        for violation in result["violations"]:
            for node in violation["nodes"]:
                found.append(f"{scheme} {violation['id']}: {node['html'][:200]}")
    await page.emulate_media(color_scheme="light")
    return found
