"""Argon2id in few threads of low priority: a storm of logins must not slow the orders."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from jwt_pizza.kernel.errors import Unavailable

Result = TypeVar("Result")

LONGEST = 1024
"""Characters of a password."""


class Passwords:
    """OWASP's parameters: 19 MiB, two passes, one lane; about 20 ms a hash. `waiting` bounds the queue."""

    def __init__(self, *, threads: int = 1, waiting: int = 16) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(threads, "passwords", initializer=_yield_to_orders)
        # One more than there are threads, so that none idles while its next caller talks to the database.
        self._turns = asyncio.Semaphore(threads + 1)
        self._room = threads + 1 + waiting
        self._inside = 0
        self._nobody = self._hasher.hash(os.urandom(16).hex())

    def admit(self) -> None:
        """Raises Unavailable when nobody further finds a place: cheap enough to be asked before all else."""
        if self._inside >= self._room:
            raise Unavailable("too many logins at this moment, please try again", retry_after=2)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place among those who wait for their turn or have it. Raises Unavailable at once when there is none."""
        self.admit()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """With a place: what is done with passwords is done in turn."""
        async with self._turns:
            yield

    async def hash(self, password: str) -> str:
        async with self.place(), self.turn():
            return await self._run(lambda: self._hasher.hash(password))

    async def matches(self, hashed: str | None, password: str) -> bool:
        """Within a turn. With no hash (nobody has that address) the same time passes and the answer is False."""
        matched = await self._run(lambda: self._verify(hashed or self._nobody, password))
        return matched and hashed is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False


def _yield_to_orders() -> None:
    # On Linux niceness belongs to the thread.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
