"""What pages cost: time at the server, what is transferred to who comes for the first time, and many overviews."""

import asyncio
import http.client
import os
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp

from jwt_pizza.bench import system
from jwt_pizza.bench.asking import log_in
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.traffic.guests import Guests, client
from jwt_pizza.traffic.outcomes import Outcomes

LOOKING: Final = 200
"""Browsers with an overview each."""
_RATE: Final = 20
"""Orders a second meanwhile."""
_ASKED: Final = 200
_WARM: Final = 20
_ENGINEER: Final = '{"email":"oncall@jwt.com","password":"oncall"}'
_AS_BROWSERS: Final = {"Accept": "text/html,*/*", "Accept-Encoding": "gzip, deflate, br, zstd"}
_TICKS: Final = os.sysconf("SC_CLK_TCK")
Figures = dict[str, float]


def figures(running: system.System, *, seconds: float) -> dict[str, Figures]:
    cookie = f"ops_session={log_in(running.ops, _ENGINEER)}"
    return {
        "page home": _took(f"{running.shop}/") | _weight(f"{running.shop}/"),
        "page menu": _took(f"{running.shop}/menu") | _weight(f"{running.shop}/menu"),
        "page overview": _took(f"{running.ops}/", cookie),
        f"{LOOKING} overviews": asyncio.run(_looked_at(running, cookie, seconds)),
    }


def _took(url: str, cookie: str = "") -> Figures:
    """One request after the other on one connection."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=10)
    times = []
    for number in range(_WARM + _ASKED):
        started = time.perf_counter()
        _get(connection, place.path, cookie)
        if number >= _WARM:
            times.append((time.perf_counter() - started) * 1000)
    connection.close()
    return {"p50_ms": round(statistics.median(times), 2), "p99_ms": round(statistics.quantiles(times, n=100)[98], 2)}


def _weight(url: str) -> Figures:
    """The page with all that it loads, bodies and heads, as they go over the line."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=10)
    page, size = _get(connection, place.path, "", plain=True)[0], _get(connection, place.path)[1]
    needed = _Needs(url)
    needed.feed(page.decode())
    total = size
    for address in sorted(needed.found):
        total += _get(connection, urlsplit(address).path)[1]
    connection.close()
    return {"requests": 1 + len(needed.found), "kb": round(total / 1000, 1)}


def _get(
    connection: http.client.HTTPConnection, path: str, cookie: str = "", *, plain: bool = False
) -> tuple[bytes, int]:
    headers = {"Accept": "text/html,*/*"} if plain else dict(_AS_BROWSERS)
    if cookie:
        headers["Cookie"] = cookie
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise Refusal(f"{path} was answered {answer.status}")
    return body, len(body) + sum(len(name) + len(value) + 4 for name, value in answer.getheaders())


class _Needs(HTMLParser):
    """Of a page: its style, scripts and pictures. What loads late counts as well."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = None
        if tag in {"script", "img"}:
            address = given.get("src")
        elif tag == "link" and (given.get("rel") or "") in {"stylesheet", "icon"}:
            address = given.get("href")
        if address and not address.startswith("data:"):
            self.found.add(urljoin(self._url, address))


async def _looked_at(running: system.System, cookie: str, seconds: float) -> Figures:
    """Shares of a core that ops takes while people order, in percent: with nobody and with everybody looking."""
    pid = _ops(running)
    outcomes = Outcomes()
    guests = Guests(running.shop, outcomes)
    async with client() as session:
        await guests.arrive(session)
        ordering = asyncio.create_task(guests.come(session, rate=_RATE, seconds=2 * seconds + 20))
        await asyncio.sleep(2)
        alone = await _share(pid, seconds)
        async with _browsers(f"{running.ops}/events", cookie) as heard:
            await asyncio.sleep(6)
            before = list(heard)
            looked_at = await _share(pid, seconds)
            received = [after - so_far for after, so_far in zip(heard, before, strict=True)]
        ordering.cancel()
        await asyncio.gather(ordering, return_exceptions=True)
    return {
        "percent": round(looked_at - alone, 1),
        "percent_alone": round(alone, 1),
        "percent_looked_at": round(looked_at, 1),
        "live": sum(count > 0 for count in received),
        "kb_per_s_each": round(sum(received) / seconds / LOOKING / 1000, 2),
    }


@asynccontextmanager
async def _browsers(url: str, cookie: str) -> AsyncIterator[Sequence[int]]:
    """Yields how many bytes each was sent."""
    heard = [0] * LOOKING

    async def look(session: aiohttp.ClientSession, number: int) -> None:
        while True:
            async with session.get(url, headers={"Cookie": cookie, **_AS_BROWSERS}) as answer:
                if answer.status not in {200, 503}:
                    raise Refusal(f"{url} was answered {answer.status}")
                async for chunk in answer.content.iter_any():
                    heard[number] += len(chunk)
            # As the page's script comes back.
            await asyncio.sleep(1 if answer.status == 200 else 2 + 2 * number / LOOKING)

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        looking = [asyncio.create_task(look(session, number)) for number in range(LOOKING)]
        try:
            yield heard
            broken = [task.exception() for task in looking if task.done()]
            if broken:
                raise Refusal(f"{len(broken)} of {LOOKING} looks ended: {broken[0]}")
        finally:
            for task in looking:
                task.cancel()
            await asyncio.gather(*looking, return_exceptions=True)


async def _share(pid: int, seconds: float) -> float:
    started, before = time.monotonic(), _cpu(pid)
    await asyncio.sleep(seconds)
    return (_cpu(pid) - before) / (time.monotonic() - started) * 100


def _cpu(pid: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _ops(running: system.System) -> int:
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text(encoding="ascii").split()
    return next(int(pid) for pid in children if b"serve\0ops" in Path(f"/proc/{pid}/cmdline").read_bytes())
