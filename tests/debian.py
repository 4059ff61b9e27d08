"""Programs from Debian's packages, installed or unpacked by `scripts/debian-tools` (`make setup` does)."""

import shutil
import subprocess
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / ".tools"
"""Where unpacked servers are to be started: they find their files from there."""
_PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}


def program(name: str) -> str:
    """Its path. The servers are called `prometheus` and `prometheus-alertmanager`."""
    unpacked = TOOLS / "usr" / "bin" / name
    found = shutil.which(name) or (str(unpacked) if unpacked.exists() else None)
    if found is None:
        raise FileNotFoundError(f"no {name}: run `scripts/debian-tools {_PACKAGES.get(name, name)}`")
    return found


def checked(name: str, *arguments: str | Path) -> str:
    """What the program says of it; an assertion fails when it is not content."""
    done = subprocess.run(
        [program(name), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
