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


class _Served:
    """The three answers that there are to a call for a page, made beforehand."""

    def __init__(self, drawn: Drawn) -> None:
        self._tag = drawn.tag
        kind = drawn.kind.encode()
        headers = ((b"etag", drawn.tag.encode()), (b"cache-control", _FRESH), (b"vary", b"accept-encoding"))
        self._plain = Reply(drawn.body, 200, headers, kind=kind)
        self._zipped = Reply(drawn.zipped, 200, (*headers, (b"content-encoding", b"gzip")), kind=kind)
        self._unchanged = Reply(b"", 304, headers, kind=kind)

    def to(self, call: Call) -> Reply:
        zips = False
        for name, value in call.headers:
            if name == b"if-none-match" and self._tag in value.decode("latin-1"):
                return self._unchanged
            if name == b"accept-encoding" and b"gzip" in value:
                zips = True
        return self._zipped if zips else self._plain


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
        self._pages: Mapping[str, _Served] = {}
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
                drawn = await asyncio.to_thread(self._press.served, board)
                self._pages = {path: _Served(page) for path, page in drawn.items()}
                self._board = board
                await asyncio.to_thread(self._printed, board)
            self._shown = wanted
            return True

    async def _page(self, path: str) -> _Served:
        if self._board is None:
            await self.step()
        served = self._pages.get(path)
        if served is None:
            raise NotFound("there is no such page: an incident that the public was told of is at /status/incidents/7")
        return served

    def lane(self, path: str) -> Lane:
        """Raises NotFound; Unavailable while nothing was ever drawn and there is no database."""

        async def serve(call: Call) -> Reply:
            served = self._pages.get(path) or await self._page(path)
            return served.to(call)

        return serve

    def lanes(self) -> Mapping[tuple[str, str], Lane]:
        return {("GET", path): self.lane(path) for path in (HOME, f"{HOME}/feed.atom", f"{HOME}/feed.rss")}
