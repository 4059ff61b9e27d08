"""A browser without JavaScript, as far as forms and cookies go."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

import aiohttp
from yarl import URL

_HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(values.get("action", ""), values["method"]))
        elif tag in {"input", "textarea"} and self.found and "name" in values:
            self.found[-1].fields[values["name"]] = values.get("value", "")
        elif tag == "select":
            self._select = values["name"]
        elif tag == "option" and ("selected" in values or self._select not in self.found[-1].fields):
            self.found[-1].fields[self._select] = values.get("value", "")


@dataclass
class Page:
    status: int
    path: str
    """With its query; of the last page when redirects were followed."""
    headers: Mapping[str, str]
    set_cookies: list[str]
    text: str

    @property
    def location(self) -> str:
        return self.headers["Location"]

    def forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.text)
        return parser.found

    def form(self, action: str) -> Form:
        """The first that is sent there, by POST if one is."""
        found = [form for form in self.forms() if form.action.partition("#")[0] == action]
        return next((form for form in found if form.method == "post"), None) or found[0]


class Visitor:
    def __init__(self, url: str, client: aiohttp.ClientSession) -> None:
        self.url = url
        self._client = client

    async def get(self, path: str, *, follow: bool = True, headers: Mapping[str, str] | None = None) -> Page:
        async with self._client.get(
            self.url + path, headers={**_HTML, **(headers or {})}, allow_redirects=follow
        ) as answer:
            return await _page(answer)

    async def submit(
        self, form: Form, *, follow: bool = True, headers: Mapping[str, str] | None = None, **changes: str
    ) -> Page:
        fields = form.fields | changes
        if form.method == "get":
            return await self.get(f"{form.action}?{urlencode(fields)}", follow=follow)
        async with self._client.post(
            self.url + form.action.partition("#")[0],
            data=fields,
            headers={**_HTML, **(headers or {})},
            allow_redirects=follow,
        ) as answer:
            return await _page(answer)

    async def send(self, path: str, form: aiohttp.FormData, headers: Mapping[str, str]) -> Page:
        """A form with a file."""
        async with self._client.post(self.url + path, data=form, headers={**_HTML, **headers}) as answer:
            return await _page(answer)

    async def log_in(self, email: str = "d@jwt.com", password: str = "diner") -> Page:
        page = await self.get("/login")
        return await self.submit(page.form("/login"), email=email, password=password)

    async def checkout(self, **quantities: str) -> Page:
        """The checkout of a basket, `pizza_1="2"` for two of menu item 1."""
        chosen = {"store": "1", **{name.replace("_", "-"): value for name, value in quantities.items()}}
        return await self.get(f"/checkout?{urlencode(chosen)}")

    def cookie(self, name: str) -> str | None:
        found = self._client.cookie_jar.filter_cookies(URL(self.url)).get(name)
        return found.value if found else None


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield Visitor(url, client)


async def _page(answer: aiohttp.ClientResponse) -> Page:
    parts = urlsplit(str(answer.url))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return Page(
        answer.status, path, answer.headers.copy(), answer.headers.getall("Set-Cookie", []), await answer.text()
    )
