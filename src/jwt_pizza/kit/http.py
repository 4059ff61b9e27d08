"""uvicorn, set up the same way for every deployable."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Final

import uvicorn
from litestar.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jwt_pizza.kit import supervisor
from jwt_pizza.kit.settings import Settings

_CONNECTION: Final = "jwt_pizza.connection"
_WHILE_IT_LASTS: Final = 7 * 86_400


def serve(app: ASGIApp, settings: Settings, *, host: str, port: int) -> None:
    """Serves until SIGINT or SIGTERM, or until the supervisor that started this process is gone."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=2048,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=8,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
    )
    server = _Server(config)
    inherited = supervisor.inherited_socket()
    sockets = [inherited] if inherited is not None else None
    config.get_loop_factory()
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_run(server, sockets))


@asynccontextmanager
async def visiting(app: ASGIApp, place: socket.socket) -> AsyncIterator[None]:
    """Serves within the running loop, whatever its idea of time. It takes no signals and has no ticks of its own."""
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        # The clients' library forgets idle connections by the machine's clock, whatever the loop's: so none is closed
        # here, and no call meets one that is just being closed.
        timeout_keep_alive=_WHILE_IT_LASTS,
        timeout_graceful_shutdown=8,
    )
    server = _Visitor(config)
    serving = asyncio.create_task(server.serve([place]))
    try:
        await server.up.wait()
        if not server.started:
            raise RuntimeError("the server did not start")
        yield
    finally:
        server.leaving.set()
        await serving


class _Visitor(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self.leaving = asyncio.Event()

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.up.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.leaving.wait()


class _OneWrite:
    """A transport on which what is written in one turn of the loop leaves together.

    uvicorn writes an answer's head and its body apart: two system calls, a tenth of what a short answer costs.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts))

    def close(self) -> None:
        self.flush()
        self._transport.close()


class Connection:
    """What an answer may do to the connection beneath it."""

    __slots__ = ("_transport", "stopping")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.stopping = asyncio.Event()
        """Set when the server begins to stop, so that nothing that only waits holds it up."""

    def hang_up(self) -> None:
        self._transport.close()


def connection_of(scope: Scope) -> Connection | None:
    """The connection of a request; None under another server than this one."""
    extensions: Mapping[str, object] = scope.get("extensions") or {}
    connection = extensions.get(_CONNECTION)
    return connection if isinstance(connection, Connection) else None


class Protocol(HttpToolsProtocol):
    _extensions: dict[str, Any]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_OneWrite(transport, self.loop))  # type: ignore[arg-type]
        self._extensions = {_CONNECTION: Connection(self.transport)}

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def shutdown(self) -> None:
        super().shutdown()
        self._extensions[_CONNECTION].stopping.set()


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What exists now lives as long as the process: the collector need not walk it again while orders wait.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 50)
            supervisor.notify_ready()


async def _run(server: uvicorn.Server, sockets: list[socket.socket] | None) -> None:
    async def leave_with_parent() -> None:
        await supervisor.parent_gone()
        server.should_exit = True

    watch: asyncio.Task[Any] = asyncio.create_task(leave_with_parent())
    try:
        await server.serve(sockets)
    finally:
        watch.cancel()
    if not server.started:
        raise SystemExit(3)
