"""`jwt-pizza drill` as a process: on its own, with the least priority, and gone when this one is."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit.worker import PARENT_FD
from jwt_pizza.ops.drills.model import Manner, Plan
from jwt_pizza.ops.drills.said import Line, Offer

_COMMAND: Final = (sys.executable, "-m", "jwt_pizza", "drill", "--jsonl")
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME")
"""Of the environment: nothing of the running system's settings reaches a drill."""
_LONGEST_LINE: Final = 16 * 1024 * 1024
_NICE: Final = 10
_LIST_SECONDS: Final = 20.0
_UNWIND_SECONDS: Final = 40.0
_WORDS_SECONDS: Final = 5.0
_TAIL: Final = 2000
_MANNERS: Final[dict[Manner, tuple[str, ...]]] = {"virtual": (), "live": ("--live",), "played": ("--interactive",)}
_decode: Final = msgspec.json.Decoder(Line).decode


class DrillProcess:
    def __init__(self, process: asyncio.subprocess.Process, parent: int, scratch: Path) -> None:
        self._process = process
        self._parent = parent
        self._scratch = scratch
        self._stopping: asyncio.Task[None] | None = None
        self._words = asyncio.create_task(self._last_words())

    async def lines(self) -> AsyncIterator[Line]:
        assert self._process.stdout
        while text := await self._process.stdout.readline():
            with suppress(msgspec.MsgspecError):  # somebody else's output: it is not the drill's
                yield _decode(text)

    async def type(self, text: str) -> None:
        assert self._process.stdin
        with suppress(OSError):  # it is ending
            self._process.stdin.write(f"{text}\n".encode())
            await self._process.stdin.drain()

    def stop(self) -> None:
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())

    async def end(self) -> str:
        code = await self._process.wait()
        if self._stopping is not None:
            self._stopping.cancel()
        try:
            async with asyncio.timeout(_WORDS_SECONDS):
                words = await self._words
        except TimeoutError:  # something that it left behind holds its output open
            words = ""
        os.close(self._parent)
        await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)
        return words if code else ""

    async def _stop(self) -> None:
        """It takes down what it has started; if it does not, that is killed with it."""
        with suppress(ProcessLookupError):
            self._process.terminate()
            await asyncio.sleep(_UNWIND_SECONDS)
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _last_words(self) -> str:
        assert self._process.stderr
        tail = b""
        while chunk := await self._process.stderr.read(_TAIL):
            tail = (tail + chunk)[-_TAIL:]
        return tail.decode(errors="replace").strip().removeprefix("jwt-pizza: ")


class DrillPlayhouse:
    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = tuple(command)
        self._offers: tuple[Offer, ...] = ()

    async def offers(self) -> Sequence[Offer]:
        if not self._offers:
            self._offers = await self._listed()
        return self._offers

    async def open(self, plan: Plan) -> DrillProcess:
        scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="jwt-pizza-game-"))
        scenario = plan.scenario
        if plan.source is not None:
            file = scratch / "scenario.toml"
            file.write_text(plan.source, encoding="utf-8")
            scenario = file.name
        theirs, ours = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *(*self._command, "--policy", plan.way, *_MANNERS[plan.manner], "--", scenario),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_environment() | {PARENT_FD: str(theirs)},
                pass_fds=(theirs,),
                cwd=scratch,
                limit=_LONGEST_LINE,
                start_new_session=True,
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        with suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        return DrillProcess(process, ours, scratch)

    async def _listed(self) -> tuple[Offer, ...]:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, "--list", stdout=asyncio.subprocess.PIPE, env=_environment()
            )
            async with asyncio.timeout(_LIST_SECONDS):
                output, _ = await process.communicate()
            found = [_decode(line) for line in output.splitlines()]
        except (OSError, TimeoutError, msgspec.MsgspecError) as error:
            raise Unavailable("the scenarios cannot be listed now", retry_after=5) from error
        return tuple(line for line in found if isinstance(line, Offer))


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
