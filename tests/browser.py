"""A real browser: Debian's Chromium, installed or unpacked by `scripts/debian-tools chromium`."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

_TOOLS = Path(__file__).resolve().parent.parent / ".tools"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> tuple[str, dict[str, str]]:
    """The program, and what its environment needs besides."""
    installed = shutil.which("chromium")
    if installed:
        return installed, {}
    # Debian's /usr/bin/chromium is a script with absolute paths: unpacked elsewhere, the program itself is started.
    program = _TOOLS / "usr" / "lib" / "chromium" / "chromium"
    if not program.exists():
        raise FileNotFoundError("no chromium: run `scripts/debian-tools chromium`")
    libraries = sorted({str(path.parent) for path in _TOOLS.glob("**/*.so*")})
    return str(program), {"LD_LIBRARY_PATH": ":".join(libraries)}


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    program, environment = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=_ARGUMENTS, env={**os.environ, **environment}
        )
        try:
            yield browser
        finally:
            await browser.close()
