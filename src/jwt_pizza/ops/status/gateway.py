"""Asks the other deployables whether they are ready."""

import time

import aiohttp

from jwt_pizza.ops.status.model import Component

_DEADLINE = 2.0


class HttpProbe:
    def __init__(self, name: str, url: str) -> None:
        """`url` answers 200 when the part is ready."""
        self._name = name
        self._url = url

    async def look(self) -> Component:
        started = time.monotonic()
        try:
            timeout = aiohttp.ClientTimeout(total=_DEADLINE)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._url) as answer:
                state, detail = ("up", "ready") if answer.status == 200 else ("down", "not ready")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            state, detail = "down", f"no answer ({type(error).__name__})"
        ms = round((time.monotonic() - started) * 1000, 1)
        return Component(name=self._name, state="up" if state == "up" else "down", ms=ms, detail=detail)
