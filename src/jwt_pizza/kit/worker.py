"""One supervised process: started with the descriptors that it needs, listened to, and buried."""

import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jwt_pizza.kit.logfile import LogFile

LISTEN_FD = "JWT_PIZZA_LISTEN_FD"  # the listening socket
READY_FD = "JWT_PIZZA_READY_FD"  # takes one byte when the worker serves
PARENT_FD = "JWT_PIZZA_PARENT_FD"  # is at its end when the supervisor is gone

CHUNK = 1 << 18  # bytes read at once, and the capacity of an output pipe
LONGEST_LINE = 1 << 20  # bytes; a longer one is broken
TAIL = 4096  # bytes of the last output kept for the message when a worker cannot start


@dataclass
class Worker:
    """`env` is the complete environment. Several may share a `log`; without one they write where their parent does."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    sock: socket.socket | None = None
    log: Path | None = None


class Child:
    """A worker's present process, if it has one, and what became of the former ones. A descriptor of -1 is closed."""

    def __init__(self, worker: Worker, log: LogFile | None) -> None:
        self.worker = worker
        self.process: subprocess.Popen[bytes] | None = None
        self.pidfd = self.ready_fd = self.output_fd = -1
        self.ready = self.served = False  # this process; any process of this worker
        self.deaths = 0  # in a row
        self.started = self.start_at = 0.0
        self._log = log
        self._line = self._tail = b""

    def start(self, parent_fd: int) -> None:
        """Raises OSError when the program is missing or the machine has no room for another process."""
        self.started, self._tail = time.monotonic(), b""
        self.ready_fd, ready = os.pipe()
        fds = {READY_FD: ready, PARENT_FD: parent_fd}
        if self.worker.sock:
            fds[LISTEN_FD] = self.worker.sock.fileno()
        # A supervisor may itself be supervised: its own descriptors are not its workers'
        env = {name: text for name, text in self.worker.env.items() if name not in {LISTEN_FD, READY_FD, PARENT_FD}}
        try:
            self.process = subprocess.Popen(
                list(self.worker.argv),
                env=env | {name: str(fd) for name, fd in fds.items()},
                pass_fds=tuple(fds.values()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if self._log else None,
                stderr=subprocess.STDOUT if self._log else None,
                bufsize=0,
                start_new_session=True,  # the terminal's Ctrl-C is for the supervisor, which stops the workers
            )
        except OSError as error:
            self._tail = str(error).encode()
            os.close(self.ready_fd)
            self.ready_fd = -1
            raise
        finally:
            os.close(ready)
        self.pidfd = os.pidfd_open(self.process.pid)
        if self.process.stdout:
            self.output_fd = self.process.stdout.fileno()
            os.set_blocking(self.output_fd, False)
            with suppress(OSError):  # beyond the user's allowance for pipes
                fcntl.fcntl(self.output_fd, fcntl.F_SETPIPE_SZ, CHUNK)

    def hear_ready(self) -> None:
        """Reads the ready pipe, which then has nothing more to say: the caller closes it."""
        self.ready = bool(os.read(self.ready_fd, 1))
        self.served |= self.ready

    def hear_output(self) -> bool:
        """False at the end of the output."""
        chunk = os.read(self.output_fd, CHUNK)
        self._record(chunk)
        return bool(chunk)

    def last_words(self) -> str:
        """The end of what the last process printed, if it had a log."""
        return "\n".join(self._tail.decode(errors="replace").splitlines()[-20:])

    def descriptors(self) -> list[int]:
        return [fd for fd in (self.pidfd, self.ready_fd, self.output_fd) if fd >= 0]

    def bury(self) -> int:
        """Waits for the process, records what it still had to say, and returns its code as `subprocess` has it."""
        assert self.process
        returncode = self.process.wait()
        if self.output_fd >= 0:
            # A process that it left behind may go on writing: no more is read than a pipe holds
            with suppress(BlockingIOError):
                for _ in range(4):
                    if not self.hear_output():
                        break
            self._record(b"")
        for fd in (self.pidfd, self.ready_fd):
            if fd >= 0:
                os.close(fd)
        if self.process.stdout:
            self.process.stdout.close()
        self.process, self.ready = None, False
        self.pidfd = self.ready_fd = self.output_fd = -1
        return returncode

    def _record(self, chunk: bytes) -> None:
        """Whole lines go to the log, because it is shared; nothing at all is the end of the last line."""
        assert self._log
        self._tail = (self._tail + chunk[-TAIL:])[-TAIL:]
        cut = chunk.rfind(b"\n") + 1
        if cut:
            self._log.write(self._line + chunk[:cut])
            self._line = b""
        self._line += chunk[cut:]
        if self._line and (not chunk or len(self._line) > LONGEST_LINE):
            self._log.write(self._line + b"\n")
            self._line = b""
