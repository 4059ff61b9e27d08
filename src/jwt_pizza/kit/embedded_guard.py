"""`python -m jwt_pizza.kit.embedded_guard DATA_DIR`: keeps the embedded PostgreSQL running.

Run by a supervisor. When the postmaster dies it is started again at once; a start that fails ends this process, and the
supervisor tries anew. SIGTERM ends this process only: PostgreSQL is stopped last, by whoever stops everything.

Linux only (pidfd). Imports little, because it lives as long as everything does.
"""

import os
import selectors
import signal
import sys
from pathlib import Path

from jwt_pizza.kit import embedded
from jwt_pizza.kit.embedded_home import live_pid
from jwt_pizza.kit.supervisor import notify_ready
from jwt_pizza.kit.worker import PARENT_FD


def main(data_dir: Path) -> int:
    """0 on SIGTERM, or when the supervisor is gone."""
    wake, waker = os.pipe()
    for fd in (wake, waker):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    ends = [wake, *([int(os.environ[PARENT_FD])] if PARENT_FD in os.environ else [])]
    again = False
    while True:
        cluster = embedded.start(data_dir)
        postmaster = _open(live_pid(cluster.pgdata))
        if postmaster is None:  # died in this moment
            again = True
            continue
        if again:
            _say("PostgreSQL runs again")
        notify_ready()
        died = _wait(postmaster, ends)
        os.close(postmaster)
        if not died:
            return 0
        again = True
        _say("PostgreSQL died, starting it again")


def _open(pid: int | None) -> int | None:
    try:
        return None if pid is None else os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _wait(postmaster: int, ends: list[int]) -> bool:
    """Whether it was the postmaster that ended, rather than our own time."""
    with selectors.DefaultSelector() as selector:
        for fd in (postmaster, *ends):
            selector.register(fd, selectors.EVENT_READ)
        ready = {key.fd for key, _ in selector.select()}
    return not ready & set(ends)


def _say(text: str) -> None:
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:  # a closed terminal must not end it
        return


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except embedded.EmbeddedError as error:
        sys.exit(str(error))
