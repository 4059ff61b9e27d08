"""What paging remembers without a database, in files of the data directory that only this user reads."""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from jwt_pizza.ops.blackout.model import Acknowledgement, Blackout, Memory

_Kept = TypeVar("_Kept")
_MEMORY: Final = "roster.json"
_BLACKOUT: Final = "outage.json"
_ACKNOWLEDGED: Final = "acknowledged.json"


class Files:
    """`folder` is shared by the processes of one machine: one of them leads, until it ends however it ends."""

    def __init__(self, folder: Path, failed: Callable[[str, Exception], None]) -> None:
        self._folder = folder
        self._failed = failed
        self._lock: int | None = None

    def lead(self) -> bool:
        if self._lock is not None:
            return True
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._folder / "leader.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            # Two pages are better than none.
            self._failed("lead", error)
            return True
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def keep(self, memory: Memory) -> None:
        self._write(_MEMORY, memory)

    def memory(self) -> Memory | None:
        return self._read(_MEMORY, Memory)

    def save(self, blackout: Blackout) -> None:
        self._write(_BLACKOUT, blackout)

    def blackout(self) -> Blackout | None:
        return self._read(_BLACKOUT, Blackout)

    def over(self) -> None:
        for name in (_BLACKOUT, _ACKNOWLEDGED):
            with suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        self._write(_ACKNOWLEDGED, acknowledgement)

    def acknowledgement(self, began: int) -> Acknowledgement | None:
        made = self._read(_ACKNOWLEDGED, Acknowledgement)
        return made if made is not None and made.began == began else None

    def _write(self, name: str, kept: msgspec.Struct) -> None:
        """All of it or nothing: it is written beside, then put in place."""
        beside = self._folder / f".{name}.{os.getpid()}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._folder / name)
        except OSError as error:
            self._failed(name, error)

    def _read(self, name: str, kind: type[_Kept]) -> _Kept | None:
        try:
            return msgspec.json.decode((self._folder / name).read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            self._failed(name, error)
            return None
