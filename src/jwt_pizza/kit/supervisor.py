"""Worker processes: started, kept alive and stopped by a process that does nothing else.

Linux only (pidfd). Imports little, so that the supervising process stays small.
"""

import errno
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import ExitStack, suppress
from operator import itemgetter

from jwt_pizza.kit.logfile import LogFile
from jwt_pizza.kit.worker import LISTEN_FD, PARENT_FD, READY_FD, Child, Worker

STEADY = 10.0  # seconds a worker must have lived for its next restart to be immediate
FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0  # seconds before a restart
ATTEMPTS = 3  # of a worker that never served; when one more fails, everything stops
BACKLOG = 2048  # connections that wait for a worker, each socket

__all__ = ["PortTaken", "Supervisor", "Worker", "announce", "inherited_socket", "listen", "notify_ready", "parent_gone"]


class PortTaken(OSError):
    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is already in use: stop the other program or choose another with --port")
        self.errno = errno.EADDRINUSE


def listen(host: str, port: int, workers: int) -> list[socket.socket]:
    """One listening socket a worker, on one port (0: any free one), among which the kernel spreads connections.

    They belong to the supervising process, so connections to a dead worker's wait until its successor accepts them.
    Raises `PortTaken`, or another OSError when the host is unknown or the port not allowed.
    """
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # "localhost" is ::1 as well, where clients that try 127.0.0.1 alone would be refused
    family, *_, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    sockets: list[socket.socket] = []
    try:
        if port:
            # With SO_REUSEPORT the bind below would succeed next to a second run of ours, and share its connections
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        for _ in range(workers):
            sock = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(address)
            sock.listen(BACKLOG)
            address = sock.getsockname()
    except OSError as error:
        for sock in sockets:
            sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(port) from None
        raise
    return sockets


def delay(deaths: int) -> float:
    """Seconds before the next start, after so many quick deaths in a row."""
    if deaths <= 1:
        return 0.0
    # The exponent is bounded: a worker that fails for weeks must not overflow a float
    return min(FIRST_DELAY * 2.0 ** min(deaths - 2, 10), LONGEST_DELAY)


def announce(worker: Worker, returncode: int) -> None:
    _say(f"{worker.name} died ({_how(returncode)}), starting it again")


class Supervisor:
    """Runs once, in the main thread. Closes the workers' sockets when it stops: nobody then waits for what never comes.

    `on_exit` gets a worker that died unasked, with its return code as in `subprocess` (-9: killed by signal 9).
    `grace`: seconds between SIGTERM and SIGKILL. `log_bytes`, `log_files`: the length of a log, and how many are kept.
    """

    def __init__(
        self,
        workers: Sequence[Worker],
        *,
        on_ready: Callable[[], None],
        grace: float = 10.0,
        on_exit: Callable[[Worker, int], None] = announce,
        log_bytes: int = 20_000_000,
        log_files: int = 3,
    ) -> None:
        logs = {path: LogFile(path, log_bytes, log_files) for path in {worker.log for worker in workers} if path}
        self._children = [Child(worker, logs[worker.log] if worker.log else None) for worker in workers]
        self._logs = list(logs.values())
        self._on_ready = on_ready
        self._on_exit = on_exit
        self._grace = grace
        self._announced = self._stopping = False
        self._kill_at = float("inf")
        self._status = 0

    def run(self) -> int:
        """0 when every worker stopped in time on SIGINT or SIGTERM; 1 when one could not start or had to be killed.

        Why one could not start is written on stderr, with the last it printed.
        """
        with ExitStack() as undo:
            self._selector = undo.enter_context(selectors.DefaultSelector())
            # Nobody inherits the write end (close-on-exec), so it closes with this process however that ends
            self._parent, alive = os.pipe()
            self._wake, wake = os.pipe()
            for fd in (self._parent, alive, self._wake, wake):
                undo.callback(os.close, fd)
            for log in self._logs:
                log.open()
                undo.callback(log.close)
            for fd in (self._wake, wake):
                os.set_blocking(fd, False)
            undo.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(wake, warn_on_full_buffer=False))
            for number in (signal.SIGINT, signal.SIGTERM):
                former = signal.signal(number, lambda *_: None)
                undo.callback(signal.signal, number, signal.SIG_DFL if former is None else former)
            undo.callback(self._abandon)
            self._watch(self._wake, 0, self._signalled)
            self._keep_alive()
        return self._status

    def _keep_alive(self) -> None:
        while True:
            now = time.monotonic()
            if now >= self._kill_at:
                self._kill()
            for child in self._children:
                if not self._stopping and child.process is None and child.start_at <= now:
                    self._start(child)
            if self._stopping and all(child.process is None for child in self._children):
                return
            due = [child.start_at for child in self._children if child.process is None and not self._stopping]
            wait = min([self._kill_at, *due]) - time.monotonic()
            events = self._selector.select(None if wait == float("inf") else max(0.0, wait))
            # Deaths come last: handling one closes descriptors that the same round may report
            for _, handle in sorted((key.data for key, _ in events), key=itemgetter(0)):
                handle()

    def _start(self, child: Child) -> None:
        try:
            child.start(self._parent)
        except OSError:  # a program that is being replaced, no memory to fork: it may pass
            self._died(child, 127)
            return
        self._watch(child.pidfd, 2, lambda: self._exited(child))
        self._watch(child.ready_fd, 1, lambda: self._served(child))
        if child.output_fd >= 0:
            self._watch(child.output_fd, 1, lambda: self._printed(child))

    def _watch(self, fd: int, order: int, handle: Callable[[], None]) -> None:
        self._selector.register(fd, selectors.EVENT_READ, (order, handle))

    def _printed(self, child: Child) -> None:
        if not child.hear_output():
            self._selector.unregister(child.output_fd)
            child.output_fd = -1

    def _served(self, child: Child) -> None:
        child.hear_ready()
        self._selector.unregister(child.ready_fd)
        os.close(child.ready_fd)
        child.ready_fd = -1
        if not self._announced and not self._stopping and all(each.ready for each in self._children):
            self._announced = True
            self._on_ready()

    def _exited(self, child: Child) -> None:
        for fd in child.descriptors():
            self._selector.unregister(fd)
        returncode = child.bury()
        if not self._stopping:
            self._died(child, returncode)

    def _died(self, child: Child, returncode: int) -> None:
        now = time.monotonic()
        if child.served and now - child.started >= STEADY:
            child.deaths = 0
        child.deaths += 1
        if not child.served and child.deaths > ATTEMPTS:
            words = child.last_words()
            last = f"; it printed last:\n{words}" if words else ""
            _say(f"{child.worker.name} could not start in {child.deaths} attempts ({_how(returncode)}){last}")
            self._stop(status=1)
            return
        child.start_at = now + delay(child.deaths)
        self._on_exit(child.worker, returncode)

    def _signalled(self) -> None:
        received = os.read(self._wake, 512)
        if self._stopping and signal.SIGINT in received:
            self._kill()
        elif not self._stopping and (signal.SIGINT in received or signal.SIGTERM in received):
            self._stop(status=0)

    def _stop(self, status: int) -> None:
        self._stopping, self._status = True, status
        self._kill_at = time.monotonic() + self._grace
        for child in self._children:
            if child.worker.sock:
                child.worker.sock.close()
        for child in self._children:
            if child.process:
                child.process.terminate()

    def _kill(self) -> None:
        self._kill_at, self._status = float("inf"), 1
        for child in self._children:
            if child.process and child.process.poll() is None:
                os.killpg(child.process.pid, signal.SIGKILL)

    def _abandon(self) -> None:
        """Leaves no process behind when a callback raised."""
        if any(child.process for child in self._children):
            self._kill()
        for child in self._children:
            if child.process:
                child.bury()


def notify_ready(environ: MutableMapping[str, str] = os.environ) -> None:
    """In a worker, when it serves. The variable goes, so that a second call or a child does not write elsewhere."""
    if text := environ.pop(READY_FD, None):
        with suppress(BrokenPipeError):  # the supervisor is gone: `parent_gone` tells
            os.write(int(text), b"1")
        os.close(int(text))


async def parent_gone(environ: Mapping[str, str] = os.environ) -> None:
    """In a worker: returns when the supervisor has died, however it did; never when there is none.

    Nobody reads the worker's output any more: stop first, because a `print` raises BrokenPipeError.
    """
    import asyncio  # noqa: PLC0415 - 7 MB that the supervising process does without

    gone = asyncio.Event()
    if text := environ.get(PARENT_FD):
        loop, fd = asyncio.get_running_loop(), os.dup(int(text))
        loop.add_reader(fd, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(fd)
            os.close(fd)
    else:
        await gone.wait()


def inherited_socket(environ: MutableMapping[str, str] = os.environ) -> socket.socket | None:
    """In a worker: the listening socket, once; the variable goes, because two objects would close one descriptor."""
    text = environ.pop(LISTEN_FD, None)
    if text is None:
        return None
    sock = socket.socket(fileno=int(text))
    sock.set_inheritable(False)
    return sock


def _how(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"exit status {returncode}"


def _say(text: str) -> None:
    with suppress(OSError):  # a closed terminal must not end the workers
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
