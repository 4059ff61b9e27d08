"""Which revision of a schema this code needs, without Alembic: a process that only serves need not load it."""

import re
from importlib.resources import files
from typing import Final

_FILE: Final = re.compile(r"(\d{4})_\w+\.py")


def newest(package: str) -> str:
    """Revisions are numbered, and their files begin with the number."""
    found = [match[1] for entry in files(package).iterdir() if (match := _FILE.fullmatch(entry.name))]
    if not found:
        raise LookupError(f"{package} has no revisions")
    return max(found)
