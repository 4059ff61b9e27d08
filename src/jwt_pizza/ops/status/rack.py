"""What is served, in memory: drawn anew when the page's version has grown, in whichever process it did."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.ops.status.board import Board, StatusBook
from jwt_pizza.ops.status.press import HOME, Drawn, Press
from jwt_pizza.web.express import Call, Lane, Reply

_FRESH = b"public, max-age=5"


class Rack:
    def __init__(
        self, book: StatusBook, press: Press, clock: Clock, *, printed: Callable[[Board], None] = lambda _: None
    ) -> None:
        """`printed` is called with what was drawn, in a thread: it may write files."""
        self._book = book
        self._press = press
        self._clock = clock
        self._printed = printed
        self._shown: tuple[int, date] | None = None
        self._board: Board | None = None
        self._pages: Mapping[str, Drawn] = {}
        self._drawing = asyncio.Lock()

    @property
    def board(self) -> Board | None:
        return self._board

    async def step(self) -> bool:
        """Whether anything is drawn anew."""
        async with self._drawing:
            wanted = (await self._book.version(), self._clock.now().date())
            if wanted == self._shown:
                return False
            board = await self._book.board(wanted[1])
            if board != self._board:
                self._pages = await asyncio.to_thread(self._press.served, board)
                self._board = board
                await asyncio.to_thread(self._printed, board)
            self._shown = wanted
            return True

    async def page(self, path: str) -> Drawn:
        """Raises NotFound; Unavailable while nothing was ever drawn and there is no database."""
        if self._board is None:
            await self.step()
        drawn = self._pages.get(path)
        if drawn is None:
            raise NotFound("there is no such page: an incident that the public was told of is at /status/incidents/7")
        return drawn

    def lane(self, path: str) -> Lane:
        async def serve(call: Call) -> Reply:
            return reply(await self.page(path), call)

        return serve

    def lanes(self) -> Mapping[tuple[str, str], Lane]:
        return {("GET", path): self.lane(path) for path in (HOME, f"{HOME}/feed.atom", f"{HOME}/feed.rss")}


def reply(drawn: Drawn, call: Call) -> Reply:
    kind = drawn.kind.encode()
    headers = [(b"etag", drawn.tag.encode()), (b"cache-control", _FRESH), (b"vary", b"accept-encoding")]
    if drawn.tag in (call.header(b"if-none-match") or ""):
        return Reply(b"", 304, tuple(headers), kind=kind)
    if "gzip" in (call.header(b"accept-encoding") or ""):
        return Reply(drawn.zipped, 200, (*headers, (b"content-encoding", b"gzip")), kind=kind)
    return Reply(drawn.body, 200, tuple(headers), kind=kind)
