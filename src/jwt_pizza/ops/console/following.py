"""Pages of alert groups, incidents and drills while somebody looks: told that something is new, they fetch it.

One reader for all browsers of this process asks once a second for all that they look at, and for nothing when nobody
does. Of what changed a browser gets its own page: its forms carry a token of its session.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Final, Literal, Protocol, TypeAlias

from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Stream

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import NotFound, Unavailable
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.line import ClientGone, Line

Kind: TypeAlias = Literal["groups", "incidents", "drills"]
Subject: TypeAlias = tuple[Kind, int]
_EVERY: Final = 1.0
_GOLDEN: Final = 0.618
_MOST: Final = 500
"""Looks at a time in one process; others reload their page."""


class Marks(Protocol):
    async def read(self, subjects: Collection[Subject]) -> Mapping[Subject, str]:
        """A text of each that is another one once something of it changed. Raises Unavailable."""
        ...


class Following:
    def __init__(self, marks: Marks, clock: Clock, longest: float) -> None:
        """`longest` is how many seconds one look lasts, below a request's deadline: browsers come back."""
        self._marks = marks
        self._clock = clock
        self._longest = longest
        self._one_at_a_time = asyncio.Lock()
        self._looks = 0
        self._looked_at: Counter[Subject] = Counter()
        self._read_at = float("-inf")
        self._found: Mapping[Subject, str] = {}

    async def watch(self, subject: Subject, pause: Callable[[Awaitable[None]], Awaitable[None]]) -> AsyncIterator[str]:
        """The mark, and again when it changed, for a while. `pause` may raise what says that nobody is looking."""
        if self._looked_at.total() >= _MOST:
            raise Unavailable("too many people are looking, please reload the page")
        self._looked_at[subject] += 1
        try:
            # Those who came together must not come back together.
            spread = self._looks * _GOLDEN % 1 / 2
            self._looks += 1
            end, last = self._clock.monotonic() + self._longest * (1 - spread), ""
            while True:
                mark = await self._current(subject)
                if mark != last:
                    yield mark
                last = mark
                if self._clock.monotonic() >= end:
                    return
                await pause(self._clock.sleep(_EVERY))
        finally:
            self._looked_at[subject] -= 1
            if not self._looked_at[subject]:
                del self._looked_at[subject]

    async def _current(self, subject: Subject) -> str:
        """Whoever comes first after a second reads for all."""
        async with self._one_at_a_time:
            if self._clock.monotonic() - self._read_at >= _EVERY:
                self._read_at = self._clock.monotonic()
                # While the database is away what is shown stays; the overview says what is wrong.
                with suppress(Unavailable):
                    self._found = await self._marks.read(self._looked_at.keys())
            return self._found.get(subject, "")


@get("/follow/{kind:str}/{subject_id:int}")
async def follow(
    kind: FromPath[Kind],
    subject_id: FromPath[int],
    request: AnyRequest,
    person: Given[Person],  # noqa: ARG001 - 401
    following: Given[Following],
) -> Stream:
    if not 1 <= subject_id <= LARGEST_ID:
        raise NotFound(f"there is nothing with the number {subject_id}")
    line = Line(request.scope, request.receive)

    async def told() -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"
        try:
            async for mark in following.watch((kind, subject_id), line.pause):
                yield f"event: changed\ndata: {mark}\n\n".encode()
        except ClientGone:
            return

    return Stream(told(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


router = Router("/", route_handlers=[follow])
