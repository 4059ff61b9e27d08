"""The home page, and what all pages have in common."""

from collections.abc import AsyncIterator

import pytest

from tests.running import Running, running_shop
from tests.visitor import Visitor, visiting


@pytest.fixture
async def visitor(shop: Running) -> AsyncIterator[Visitor]:
    async with visiting(shop.url) as made:
        yield made


async def test_home_is_a_page_for_browsers_and_json_for_others(shop: Running, visitor: Visitor) -> None:
    page = await visitor.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Veggie" in page.text
    for accept in ("*/*", "application/json"):
        answer = await shop.call("GET", "/", headers={"Accept": accept})
        assert answer.json["message"] == "welcome to JWT Pizza"
        assert answer.json["version"]
        assert "Accept" in answer.headers["Vary"]


async def test_pages_hold_no_inline_code_and_are_not_kept(visitor: Visitor) -> None:
    """The content security policy would block it, and a logged-out browser must show nothing of before."""
    for path in ("/", "/menu", "/login", "/register", "/nowhere"):
        page = await visitor.get(path)
        assert "style=" not in page.text
        assert "<style" not in page.text
        assert "javascript:" not in page.text
        assert page.text.count("<script") == page.text.count('<script src="/static/')
        assert page.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert '<html lang="en">' in page.text
        assert page.text.count("<h1") == page.text.count("<main") == 1


async def test_what_pages_load_is_packed_and_may_be_kept_forever(visitor: Visitor) -> None:
    page = await visitor.get("/menu")
    for name in ("/static/style.css", "/static/page.js", "/static/favicon.svg", "/pictures/2.svg"):
        address = next(part for part in page.text.split('"') if part.startswith(f"{name}?v="))
        file = await visitor.get(address)
        assert file.status == 200
        assert "immutable" in file.headers["Cache-Control"]
        assert file.headers["Content-Encoding"] == "gzip"
        plain = await visitor.get(address, headers={"Accept-Encoding": "identity"})
        assert plain.text == file.text
        # During a deployment the old process is asked for the new file: its answer must not be kept.
        other = await visitor.get(f"{name}?v=000000000000")
        assert other.headers["Cache-Control"] == "no-cache"
    for missing in ("/static/../site.py", "/static/style", "/pictures/99.svg", "/pictures/x"):
        assert (await visitor.get(missing)).status == 404


async def test_home_and_menu_are_light(visitor: Visitor) -> None:
    """With everything that they load, nothing of it there before."""
    for path in ("/", "/menu"):
        page = await visitor.get(path)
        size = len(page.text.encode())
        for address in {part for part in page.text.split('"') if part.startswith(("/static/", "/pictures/"))}:
            if not address.startswith("/static/icon-"):
                size += int((await visitor.get(address)).headers["Content-Length"])
        assert size < 60_000, path


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nowhere", 404, "There is nothing here"),
        ("/delivery/x", 404, "There is nothing here"),
        ("/logout", 405, "That does not work here"),
    ],
)
async def test_browser_gets_a_page_for_an_error(visitor: Visitor, path: str, status: int, said: str) -> None:
    page = await visitor.get(path)
    assert page.status == status
    assert said in page.text
    assert page.headers["Content-Type"].startswith("text/html")


async def test_programs_get_json_for_an_error(shop: Running, visitor: Visitor) -> None:
    for path in ("/api", "/api/nowhere", "/api/user/me", "/factory/api/nowhere"):
        page = await visitor.get(path)
        assert page.headers["Content-Type"].startswith("application/json"), path
    assert (await shop.call("GET", "/nowhere")).message == "unknown endpoint"


async def test_deadline_that_passes_is_a_page_too(database_url: str) -> None:
    async with running_shop(database_url, request_seconds=0.000001) as shop, visiting(shop.url) as visitor:
        page = await visitor.get("/menu")
        assert page.status == 503
        assert "We are too busy right now" in page.text
        assert page.headers["Retry-After"] == "1"
        answer = await shop.call("GET", "/api/franchise")
        assert answer.message == "that took too long, please try again"
