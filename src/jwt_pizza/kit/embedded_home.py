"""Where a cluster of the embedded PostgreSQL lives, and which process serves it.

    home/data          PGDATA, owned by the account, 0700
    home/run           sockets, owned by the account, 0700 (authentication is "trust", so this folder is the guard)
    home/postgres.log  and the small files below, owned by whoever starts the server

Only `data` and `run` belong to the account: root writes no file into a folder that an unprivileged account controls.
"""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jwt_pizza.kit import embedded_binaries as binaries
from jwt_pizza.kit.embedded_binaries import Account, EmbeddedError, reachable

ORPHAN_SECONDS = 30 * 24 * 3600
# sun_path holds 104 bytes on macOS and 108 on Linux, with "/.s.PGSQL.5432" and a NUL in it.
SOCKET_DIR_BYTES = 88


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def locate(data_dir: Path) -> Path | None:
    """The home of the data directory's cluster, None where there is none yet."""
    local = data_dir / "postgres"
    if local.is_dir():
        return local
    home = _pointed(data_dir)
    if home and (home.parent != _clusters() or not home.is_dir()):
        raise EmbeddedError(
            f"{data_dir}/cluster says that its database is in {home}, which is gone: "
            "bring that folder back, or remove the file to begin with an empty database"
        )
    return home


def settle(data_dir: Path, account: Account, *, durable: bool) -> Path:
    """Find or make the home. The caller holds the data directory's lock."""
    local = data_dir / "postgres"
    if not local.is_dir() and _pointed(data_dir) is None and (account.user is None or reachable(data_dir, account)):
        local.mkdir()
        local.chmod(0o700 if account.user is None else 0o711)
    if local.is_dir():
        return local
    # Only root comes here: the account cannot enter the data directory.
    binaries.root_folder(binaries.STATE)
    binaries.root_folder(_clusters())
    with locked(binaries.STATE / "clusters.lock"):
        home = locate(data_dir)
        if home is None:
            home = Path(tempfile.mkdtemp(prefix="", dir=_clusters()))
            home.chmod(0o711)
        _claim(home, data_dir, durable)
        _prune()
    return home


def _claim(home: Path, data_dir: Path, durable: bool) -> None:
    owner = _read_path(home / "owner")
    # A moved data directory takes its cluster along; a copied one must not share it.
    if owner not in (None, data_dir) and not _orphaned(home):
        raise EmbeddedError(
            f"{data_dir} is a copy of {owner} and names the same database: "
            f"remove {data_dir}/cluster to begin with an empty one"
        )
    (home / "owner").write_bytes(os.fsencode(data_dir))
    (home / "orphaned").unlink(missing_ok=True)
    if durable:
        (home / "disposable").unlink(missing_ok=True)
    elif not (home / "data").exists():
        (home / "disposable").touch()
    (data_dir / "cluster").write_bytes(os.fsencode(home))


def _prune() -> None:
    """Remove orphaned homes: disposable ones now, others when they have been seen orphaned for 30 days.

    A data directory may be missing only for a while (a disk not mounted, a folder moved aside): hence the delay.
    """
    for home in _clusters().iterdir():
        if not _orphaned(home) or live_pid(home / "data") is not None:
            continue
        seen = home / "orphaned"
        if (home / "data").exists() and not (home / "disposable").exists():
            if not seen.exists():
                seen.touch()
            if time.time() - seen.stat().st_mtime < ORPHAN_SECONDS:
                continue
        release_sockets(home)
        shutil.rmtree(home, ignore_errors=True)


def _orphaned(home: Path) -> bool:
    owner = _read_path(home / "owner")
    return owner is None or _pointed(owner) != home


def _clusters() -> Path:
    return binaries.STATE / "clusters"


def _pointed(data_dir: Path) -> Path | None:
    return _read_path(data_dir / "cluster")


def _read_path(file: Path) -> Path | None:
    with suppress(FileNotFoundError, NotADirectoryError):
        return Path(os.fsdecode(file.read_bytes()))
    return None


def private_dir(path: Path, account: Account) -> Path:
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    if account.user is not None and path.lstat().st_uid != account.user:
        os.chown(path, account.user, account.group or 0, follow_symlinks=False)
    return path


def socket_dir(home: Path) -> Path:
    """Where the sockets are, if the server has been started before."""
    return _read_path(home / "socket") or home / "run"


def make_socket_dir(home: Path, account: Account) -> Path:
    run = home / "run"
    # A comma separates several folders, both for the server and for its clients.
    if len(os.fsencode(run)) <= SOCKET_DIR_BYTES and not set(',"') & set(str(run)):
        return private_dir(run, account)
    recorded = _read_path(home / "socket")
    if recorded is None or not _private(recorded, account):
        recorded = private_dir(Path(tempfile.mkdtemp(prefix="jwt-pizza-", dir="/tmp")), account)
        (home / "socket").write_bytes(os.fsencode(recorded))
    return recorded


def _private(path: Path, account: Account) -> bool:
    """Whether a folder in /tmp is still the one we made: anyone may make another under its name once it is gone."""
    try:
        entry = path.lstat()
    except FileNotFoundError:
        return False
    owner = os.geteuid() if account.user is None else account.user
    return stat.S_ISDIR(entry.st_mode) and entry.st_uid == owner and stat.S_IMODE(entry.st_mode) == 0o700


def release_sockets(home: Path) -> None:
    recorded = _read_path(home / "socket")
    if recorded is not None:
        shutil.rmtree(recorded, ignore_errors=True)
        (home / "socket").unlink(missing_ok=True)


def live_pid(data: Path) -> int | None:
    """The pid of the postmaster that serves `data`, None for a stale pid file, a zombie or a pid used again."""
    pid = _recorded_pid(data / "postmaster.pid")
    return pid if pid is not None and _serves(pid, data) else None


def drop_stale_locks(data: Path, sockets: Path) -> None:
    """PostgreSQL replaces the lock files of a dead process, but not where another process has got its pid since."""
    for lock in (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
        pid = _recorded_pid(lock)
        if pid is not None and not _serves(pid, data):
            lock.unlink(missing_ok=True)


def _recorded_pid(file: Path) -> int | None:
    with suppress(FileNotFoundError, NotADirectoryError, ValueError):
        return abs(int(file.read_text(errors="replace").partition("\n")[0]))
    return None


def _serves(pid: int, data: Path) -> bool:
    if Path("/proc/self/cmdline").exists():
        with suppress(FileNotFoundError, ProcessLookupError):
            return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
