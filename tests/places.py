"""Where tests put their files: in memory where there is room for it, for they start a hundred servers and keep none."""

import os
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_ENOUGH: Final = 4 << 30
"""Bytes."""


def scratch() -> str:
    """Programs are run from there, too, so it must allow that."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK):
        found = os.statvfs(_MEMORY)
        if found.f_bavail * found.f_frsize >= _ENOUGH and not found.f_flag & os.ST_NOEXEC:
            return str(_MEMORY)
    return "/tmp"


def folder() -> Path:
    """A new one, which every account can enter: what PostgreSQL's account cannot, root's clusters are not kept in."""
    made = Path(tempfile.mkdtemp(prefix="jwt-pizza-test-", dir=scratch()))
    made.chmod(0o755)
    return made


def thorough(many: int, few: int) -> int:
    """How often something is tried that takes long: `make test-thorough` tries it as often as the promise says."""
    return many if os.environ.get("JWT_PIZZA_THOROUGH") else few
