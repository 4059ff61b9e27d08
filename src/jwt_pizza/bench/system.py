"""A system of its own for the measurement: scratch data directory, free ports, the command as users start it."""

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from jwt_pizza.kit import embedded

_READY: Final = re.compile(r"ready: shop (?P<shop>\S+) ops (?P<ops>\S+)")
_START_SECONDS: Final = 60


class System(msgspec.Struct, frozen=True):
    """`ops_token`: what programs send alerts with. `ready_seconds`: from the command to its ready line, on a data
    directory that exists."""

    shop: str
    ops: str
    ops_token: str
    database_url: str
    cluster: embedded.Cluster
    pid: int
    ready_seconds: float

    def memory_mb(self) -> float:
        """What the command and its children hold, without PostgreSQL: proportional set sizes, so that what they share
        counts once."""
        total = 0
        for pid in (self.pid, *_children(self.pid)):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"postgres" in command.split(b"\0")[0]:
                continue
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"), re.M)
            total += int(found[1]) if found else 0
        return total / 1024


@contextmanager
def running(
    workers: int, policy: str = "in-house", settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[System]:
    """`settings` are further variables of its environment."""
    root = Path(tempfile.mkdtemp(prefix="jwt-pizza-bench-"))
    root.chmod(0o755)
    try:
        # Once for the set-up, which is not measured.
        with _up(root, workers, policy, settings):
            pass
        with _up(root, workers, policy, settings) as system:
            yield system
    finally:
        cluster = embedded.running(root)
        if cluster is not None:
            embedded.stop(cluster)
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _up(root: Path, workers: int, policy: str, settings: Mapping[str, str]) -> Iterator[System]:
    started = time.monotonic()
    argv = [sys.executable, "-m", "jwt_pizza", "up", "--port", "0", "--ops-port", "0"]
    argv += ["--workers", str(workers), "--data-dir", str(root)]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    token = secrets.token_urlsafe(16)
    environment |= {"JWT_PIZZA_POLICY": policy, "JWT_PIZZA_OPS_TOKEN": token, **settings}
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        shop, ops = _wait(process)
        seconds = time.monotonic() - started
        cluster = embedded.running(root)
        if cluster is None:
            raise LookupError("the embedded PostgreSQL is not running")
        yield System(
            shop=shop,
            ops=ops,
            ops_token=token,
            database_url=cluster.url(),
            cluster=cluster,
            pid=process.pid,
            ready_seconds=round(seconds, 2),
        )
    finally:
        process.terminate()
        process.wait(_START_SECONDS)
        if process.stdout is not None:
            process.stdout.close()


def _wait(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """The addresses of shop and ops."""
    if process.stdout is None:
        raise LookupError("no output")
    for line in process.stdout:
        found = _READY.search(line)
        if found:
            return found["shop"], found["ops"]
    raise LookupError("the system did not start")


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found += [int(entry.name), *_children(int(entry.name))]
    return found
