"""A log file that several writers share, a whole line at a time."""

from contextlib import suppress
from pathlib import Path


class LogFile:
    """Appends; at `most` bytes it becomes `.1`, `.1` becomes `.2`, and so on. `files` are kept, itself included.

    A full disk costs lines, never the writer.
    """

    def __init__(self, path: Path, most: int, files: int) -> None:
        self._path, self._most = path, most
        self._names = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, files))]

    def open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("ab", buffering=0)
        self._size = self._file.tell()

    def close(self) -> None:
        self._file.close()

    def write(self, lines: bytes) -> None:
        """`lines` ends with a newline. Only a line that is itself longer than a file makes one longer than allowed."""
        while lines:
            room = max(0, self._most - self._size)
            cut = len(lines) if len(lines) <= room else lines.rfind(b"\n", 0, room) + 1
            if not cut and self._size:
                self._rotate()
                continue
            cut = cut or lines.find(b"\n") + 1
            with suppress(OSError):
                self._file.write(lines[:cut])
            self._size += cut
            lines = lines[cut:]

    def _rotate(self) -> None:
        self._size = 0  # even if what follows fails: trying again at every line would cost more than a long file
        with suppress(OSError):
            for newer, older in reversed(list(zip(self._names, self._names[1:], strict=False))):
                with suppress(FileNotFoundError):
                    newer.rename(older)
            # Truncates when no former file is kept; otherwise there is nothing left to truncate
            fresh = self._path.open("wb", buffering=0)
            self._file.close()
            self._file = fresh
