"""The vendor console, as a browser without JavaScript uses it."""

import re

import aiohttp

from jwt_pizza.kit.postgres import Postgres
from tests.factory.kitchen import bake, vendor_key
from tests.factory.test_vendors import ROMA, mailed_code, mailing_factory
from tests.running import Running, running_factory, running_shop


class Browser:
    """Keeps cookies, follows redirects, and sends the hidden fields of the page it is on."""

    def __init__(self, factory: Running, session: aiohttp.ClientSession, root: str = "/console") -> None:
        self.url = factory.url
        self.session = session
        self.root = root
        self.text = ""
        self.status = 0

    async def open(self, path: str = "") -> None:
        async with self.session.get(self.url + self.root + path) as answer:
            self.status, self.text = answer.status, await answer.text()

    async def submit(self, path: str, **fields: str) -> None:
        assert f'action="{self.root}{path}"' in self.text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.text))
        async with self.session.post(self.url + self.root + path, data=hidden | fields) as answer:
            self.status, self.text = answer.status, await answer.text()


async def test_vendor_attacks_itself_from_the_console(database_url: str, postgres: Postgres) -> None:
    async with (
        mailing_factory(database_url) as (factory, mailbox),
        # Cookies of 127.0.0.1 are kept too.
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        await factory.call("POST", "/api/vendor", ROMA)
        browser = Browser(factory, session)
        await browser.open()
        await browser.submit("/code", id="nobody")
        assert browser.status == 404
        assert "Vendor not found" in browser.text
        await browser.submit("/code", id="roma")
        await browser.submit("/session", code="WRONG")
        assert (browser.status, "Invalid code" in browser.text) == (401, True)
        await browser.submit("/session", code=mailed_code(mailbox))
        assert (browser.status, "Pizzeria Roma" in browser.text) == (200, True)

        await browser.submit("/key")
        [key] = re.findall(r'<code id="key">(\w+)</code>', browser.text)
        await browser.open()
        assert key not in browser.text

        await browser.submit("/chaos", kind="fail", percent="0")
        assert (browser.status, "probability must be" in browser.text) == (400, True)
        await browser.submit("/chaos", kind="fail", percent="100", minutes="5", after="0")
        assert (await bake(factory, key, 4711)).status == 500
        await browser.open()
        assert re.search(r"<strong>4711</strong>.*>failed<.*>fail</td>", browser.text)
        await browser.submit("/chaos/end")
        assert (await bake(factory, key)).status == 200

        await browser.submit("/badge", name="x y", label="Coverage", value="93 %")
        assert (browser.status, "a badge" in browser.text.lower()) == (400, True)
        await browser.submit("/badge", name="coverage", label="Coverage", value="<93> %", color="#23632f")
        assert 'alt="Coverage: &lt;93&gt; %"' in browser.text
        assert (await factory.call("GET", "/api/badge/roma/coverage")).status == 200
        await browser.submit("/rating", purpose="penetration test")
        assert "you wait for somebody else" in browser.text
        other = (await factory.call("POST", "/api/vendor", {**ROMA, "id": "napoli"})).status
        assert other == 200
        await factory.call("POST", "/api/vendor/connect", {"purpose": "penetration test"}, token=await napoli(postgres))
        await browser.open()
        assert "<strong>napoli</strong>, for penetration test: how is it?" in browser.text
        await browser.submit("/rating", purpose="penetration test", rating="4")
        assert '<option value="4" selected>' in browser.text
        await browser.submit("/logout")
        assert "Mail me a code" in browser.text


async def napoli(postgres: Postgres) -> str:
    return await vendor_key(postgres, "napoli")


async def test_form_of_another_site_is_refused(database_url: str, postgres: Postgres) -> None:
    await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        for cookie in ({}, {"Cookie": "factory_csrf=known"}):
            answer = await factory.call(
                "POST",
                "/console/code",
                data=b"id=roma&csrf=guessed",
                headers={"Content-Type": "application/x-www-form-urlencoded", **cookie},
            )
            assert answer.status == 403


async def test_console_of_the_embedded_factory(database_url: str) -> None:
    async with running_shop(database_url) as shop:
        page = await shop.call("GET", "/factory/console")
        assert (page.status, 'action="/factory/console/code"' in page.text) == (200, True)
        assert (await shop.call("GET", "/factory/api/docs")).status == 200
