"""How a command ends that has started more than itself: it unwinds, whoever wants it to end."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jwt_pizza.kit.worker import PARENT_FD


@contextmanager
def ended_as_interrupted() -> Iterator[None]:
    """SIGTERM, and the end of the process that started this one (kit/worker.py), come as Ctrl-C does: as
    KeyboardInterrupt, or as the cancellation of what `asyncio.run` runs."""

    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    # A shell lets what it runs in the background ignore SIGINT.
    former = signal.signal(signal.SIGTERM, interrupt), signal.signal(signal.SIGINT, signal.default_int_handler)
    if PARENT_FD in os.environ:
        threading.Thread(target=_follow, args=(int(os.environ[PARENT_FD]),), daemon=True).start()
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former[0])
        signal.signal(signal.SIGINT, former[1])


def _follow(parent: int) -> None:
    os.read(parent, 1)  # nothing is ever written: it ends with the parent
    os.kill(os.getpid(), signal.SIGTERM)
