"""The calls of the original web client, made by a browser from a page of another local origin: preflights, credentials,
and answers in the shapes that it reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from playwright.async_api import Page

from tests.browser import browsing
from tests.running import Running

CALL = """async ([url, method, body]) => {
    const headers = {"Content-Type": "application/json"};
    const token = localStorage.getItem("token");
    if (token) headers.Authorization = `Bearer ${token}`;
    const options = {method, headers, credentials: "include"};
    if (body) options.body = JSON.stringify(body);
    const answer = await fetch(url, options);
    return [answer.status, await answer.json()];
}"""


class Client:
    """As the original: every call with credentials and a JSON content type, the token kept in the local storage."""

    def __init__(self, page: Page, shop: str) -> None:
        self.page = page
        self.shop = shop

    async def call(self, path: str, method: str = "GET", body: object = None) -> Any:
        status, answer = await self.attempt(path, method, body)
        assert status == 200, answer
        return answer

    async def attempt(self, path: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
        status, answer = await self.page.evaluate(CALL, [self.shop + path, method, body])
        return status, answer

    async def enter(self, method: str, body: object) -> Any:
        answer = await self.call("/api/auth", method, body)
        await self.page.evaluate("token => localStorage.setItem('token', token)", answer["token"])
        return answer["user"]

    async def leave(self) -> None:
        assert await self.call("/api/auth", "DELETE") == {"message": "logout successful"}
        assert (await self.attempt("/api/user/me"))[0] == 401
        await self.page.evaluate("localStorage.removeItem('token')")


@asynccontextmanager
async def elsewhere() -> AsyncIterator[str]:
    """An empty page of another origin. Not one of Playwright's: it would answer preflights itself."""

    async def empty(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>elsewhere</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", empty)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    try:
        yield f"http://localhost:{site._server.sockets[0].getsockname()[1]}/"
    finally:
        await runner.cleanup()


async def test_original_client_works_from_another_origin(shop: Running) -> None:
    # Of the same site, as with the original's ports, so that the cookies of our own pages come along.
    here = shop.url.replace("127.0.0.1", "localhost")
    async with elsewhere() as origin, browsing() as browser:
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{here}/login")
        await page.get_by_role("button", name="Log in as admin").click()
        await page.wait_for_url(f"{here}/menu")
        await page.goto(origin)
        client = Client(page, here)
        assert await client.attempt("/api/user/me") == (401, {"message": "unauthorized"}), "a cookie is no token"
        await _eats(client)
        await _runs_a_store(client)
        await _administers(client)
        for place in ("", "/factory"):
            docs = await client.call(f"{place}/api/docs")
            assert docs["endpoints"] and {"method", "path", "requiresAuth", "description", "example"} <= set(
                docs["endpoints"][0]
            )
        # Our own pages stay logged in as who they were.
        await page.goto(f"{here}/admin")
        assert await page.get_by_role("heading", level=1).inner_text() == "Franchises"


async def _eats(client: Client) -> None:
    user = await client.enter("POST", {"name": "Ada", "email": "ada@example.com", "password": "x"})
    assert user == {"id": user["id"], "name": "Ada", "email": "ada@example.com", "roles": [{"role": "diner"}]}
    assert await client.call("/api/user/me") == user
    assert (await client.call("/api/order"))["orders"] == []
    menu = await client.call("/api/order/menu")
    assert {"id", "title", "image", "price", "description"} <= set(menu[0])
    [franchise] = (await client.call("/api/franchise?page=0&limit=20&name=*"))["franchises"]
    items = [{"menuId": each["id"], "description": each["title"], "price": each["price"]} for each in menu[:2]]
    # As its form fields give them: as text.
    wanted = {"items": items, "storeId": str(franchise["stores"][0]["id"]), "franchiseId": franchise["id"]}
    placed = await client.call("/api/order", "POST", wanted)
    assert len(placed["order"]["items"]) == 2 and placed["order"]["id"]
    assert sum(each["price"] for each in placed["order"]["items"]) == sum(each["price"] for each in items)
    checked = await client.call("/factory/api/order/verify", "POST", {"jwt": placed["jwt"]})
    assert (checked["message"], checked["payload"]["order"]["id"]) == ("valid", placed["order"]["id"])
    forged = await client.attempt("/factory/api/order/verify", "POST", {"jwt": "error"})
    assert forged == (403, {"message": "invalid"}), "a refusal can be read there, too"
    [past] = (await client.call("/api/order"))["orders"]
    assert past["id"] == placed["order"]["id"] and past["date"].endswith("Z") and past["items"][0]["price"] > 0
    assert await client.call(f"/api/franchise/{user['id']}") == [], "not a franchisee yet"
    renamed = {**user, "name": "Ada L.", "password": "y"}
    changed = await client.call(f"/api/user/{user['id']}", "PUT", renamed)
    await client.page.evaluate("token => localStorage.setItem('token', token)", changed["token"])
    assert (await client.call("/api/user/me"))["name"] == "Ada L."
    await client.leave()
    assert await client.attempt("/api/auth", "PUT", {"email": "ada@example.com", "password": "x"}) == (
        404,
        {"message": "unknown user"},
    )


async def _runs_a_store(client: Client) -> None:
    user = await client.enter("PUT", {"email": "f@jwt.com", "password": "franchisee"})
    assert "franchisee" in [role["role"] for role in user["roles"]]
    path = f"/api/franchise/{user['id']}"
    [franchise] = await client.call(path)
    assert franchise["stores"][0]["totalRevenue"] == 0.008
    made = await client.call(f"/api/franchise/{franchise['id']}/store", "POST", {"id": "", "name": "Orem"})
    assert (made["franchiseId"], made["name"]) == (franchise["id"], "Orem")
    assert [store["name"] for store in (await client.call(path))[0]["stores"]] == ["SLC", "Orem"]
    closed = await client.call(f"/api/franchise/{franchise['id']}/store/{made['id']}", "DELETE")
    assert closed == {"message": "store deleted"}
    assert [store["name"] for store in (await client.call(path))[0]["stores"]] == ["SLC"]
    await client.leave()


async def _administers(client: Client) -> None:
    user = await client.enter("PUT", {"email": "a@jwt.com", "password": "admin"})
    assert {"role": "admin"} in user["roles"]
    draft = {"stores": [], "id": "", "name": "Night", "admins": [{"email": "f@jwt.com"}]}
    made = await client.call("/api/franchise", "POST", draft)
    assert (made["name"], made["admins"][0]["email"]) == ("Night", "f@jwt.com")
    assert await client.attempt("/api/franchise", "POST", {**draft, "name": "x", "admins": [{"email": "no@b.c"}]}) == (
        404,
        {"message": "unknown user for franchise admin no@b.c provided"},
    )
    found = await client.call("/api/franchise?page=0&limit=10&name=*igh*")
    assert [franchise["name"] for franchise in found["franchises"]] == ["Night"] and found["more"] is False
    first = await client.call("/api/franchise?page=0&limit=1&name=*")
    assert first["more"] is True
    [franchise] = first["franchises"]
    assert franchise["admins"][0]["name"] and franchise["stores"][0]["totalRevenue"] == 0.008
    assert await client.call(f"/api/franchise/{made['id']}", "DELETE") == {"message": "franchise deleted"}
    people = await client.call("/api/user?page=1&limit=10&name=*Ada*")
    assert [each["name"] for each in people["users"]] == ["Ada L."]
    assert await client.call(f"/api/user/{people['users'][0]['id']}", "DELETE") == {"message": "user deleted"}
    await client.leave()
