"""The overview in a browser."""

from jwt_pizza.apps import ops as ops_app
from jwt_pizza.kit import settings
from tests.running import serving


async def test_overview_is_a_page_for_browsers_and_json_for_others(database_url: str) -> None:
    """Nothing runs where this one looks, and it says so."""
    loaded = settings.load({"JWT_PIZZA_LOG_LEVEL": "error", "JWT_PIZZA_URL": "http://127.0.0.1:1"})
    async with serving(ops_app.app(loaded, database_url)) as ops:
        page = await ops.call("GET", "/", headers={"Accept": "text/html"})
        assert page.headers["Content-Type"].startswith("text/html")
        assert '<span class="status down">down</span>' in page.text
        answer = await ops.call("GET", "/")
        assert [component["state"] for component in answer.json["components"]] == ["down", "down"]
