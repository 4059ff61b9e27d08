"""Real processes, watched through pipes and sockets: what is waited for is an event, with a deadline."""

import asyncio
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jwt_pizza.kit import supervisor
from jwt_pizza.kit.supervisor import PortTaken, Supervisor, Worker, inherited_socket, listen, notify_ready, parent_gone

DEADLINE = 30.0
ENV = {**os.environ, "PYTHONPATH": str(Path(supervisor.__file__).parents[2])}

# What they write goes out in one call, because they share the pipe.
# Answers every connection with its process id; says when it is asked to stop, and why it stops
SERVER = """
import asyncio, os, signal, sys
from jwt_pizza.kit.supervisor import inherited_socket, notify_ready, parent_gone

async def answer(reader, writer):
    writer.write(b"%d" % os.getpid())
    await writer.drain()
    writer.close()

async def main():
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    await asyncio.start_server(answer, sock=inherited_socket())
    os.write(1, b"serving %d %d\\n" % (os.getpid(), os.getsid(0)))
    notify_ready()
    waits = {asyncio.create_task(parent_gone(), name="orphaned"), asyncio.create_task(asked.wait(), name="asked")}
    done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    os.write(1, b"stopped: %s\\n" % done.pop().get_name().encode())

asyncio.run(main())
"""

# Hears SIGTERM, listens no longer, and stays
STUBBORN = """
import os, signal
from jwt_pizza.kit.supervisor import inherited_socket, notify_ready
sock = inherited_socket()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
signal.alarm(120)  # lest it outlive a test that failed
os.write(1, b"serving %d %d\\n" % (os.getpid(), os.getsid(0)))
notify_ready()
while signal.sigwait({signal.SIGTERM}):
    if sock:
        sock.close()
    os.write(1, b"asked\\n")
"""

# Fills more than a pipe before it is ready, and ends in the middle of a line
WRITER = """
import os, signal, sys
from jwt_pizza.kit.supervisor import notify_ready
name = sys.argv[1]
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
signal.alarm(120)  # lest it outlive a test that failed
for number in range(6000):
    os.write(1 + number % 2, f"{name} {number} {'x' * 80}\\n".encode())
notify_ready()
signal.sigwait({signal.SIGTERM})
os.write(2, f"{name} ends".encode())
"""

SUPERVISOR = """
import os, sys
from jwt_pizza.kit.supervisor import Supervisor, Worker, listen
script, count, grace = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
socks = listen("127.0.0.1", 0, count)
workers = [Worker(f"shop-{n}", [sys.executable, script], dict(os.environ), sock) for n, sock in enumerate(socks, 1)]
port = socks[0].getsockname()[1]
sys.exit(Supervisor(workers, on_ready=lambda: os.write(1, b"ready %d\\n" % port), grace=grace).run())
"""


class Running:
    """A supervisor in its own process. Its workers write to its output, which ends when the last of them is gone."""

    def __init__(self, folder: Path, script: str, workers: int, grace: float) -> None:
        for name, text in (("worker.py", script), ("supervisor.py", SUPERVISOR)):
            (folder / name).write_text(text)
        self.process = subprocess.Popen(
            [sys.executable, folder / "supervisor.py", folder / "worker.py", str(workers), str(grace)],
            env=ENV,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.text = ""
        self.port = int(self.wait_for(r"^ready (\d+)$")[1])

    @property
    def pids(self) -> list[int]:
        return [int(pid) for pid in re.findall(r"^serving (\d+)", self.text, re.MULTILINE)]

    def wait_for(self, pattern: str) -> re.Match[str]:
        end = time.monotonic() + DEADLINE
        while not (found := re.search(pattern, self.text, re.MULTILINE)):
            assert self._read(end), f"ended without {pattern!r}: {self.text}"
        return found

    def wait_for_all_gone(self) -> str:
        end = time.monotonic() + DEADLINE
        while self._read(end):
            pass
        return self.text

    def returncode(self) -> int:
        self.wait_for_all_gone()
        return self.process.wait(DEADLINE)

    def ask(self) -> int:
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE) as sock:
            return int(sock.makefile().read())

    def _read(self, end: float) -> bool:
        assert self.process.stdout
        readable, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
        assert readable, f"nothing more in time: {self.text}"
        chunk = os.read(self.process.stdout.fileno(), 65536)
        self.text += chunk.decode()
        return bool(chunk)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def start(script: str = SERVER, *, workers: int = 2, grace: float = DEADLINE) -> Running:
        started.append(Running(tmp_path, script, workers, grace))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()
        assert running.process.stdout
        running.process.stdout.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_worker_is_replaced_and_no_connection_is_refused(start: Start, workers: int) -> None:
    running = start(workers=workers)
    known = running.pids
    assert len(known) == workers
    for victim in tuple(known):
        os.kill(victim, signal.SIGKILL)
        end = time.monotonic() + DEADLINE
        # One that goes to the victim's socket waits there for its successor
        while (answered := running.ask()) in known:
            assert answered != victim
            assert time.monotonic() < end
        known.append(answered)
    running.process.terminate()
    assert running.returncode() == 0
    assert running.text.count("ready") == 1, "the readiness of the first start is told once"
    assert running.text.count("died (signal 9)") == workers


def test_sigterm_stops_all_cleanly(start: Start) -> None:
    running = start(workers=3)
    running.process.terminate()
    assert running.returncode() == 0
    assert running.text.count("stopped: asked") == 3
    assert "died" not in running.text


def test_nobody_waits_for_an_answer_while_it_stops(start: Start) -> None:
    running = start(STUBBORN, workers=1)
    running.process.terminate()
    running.wait_for("asked")
    with pytest.raises(ConnectionRefusedError):
        running.ask()
    os.kill(running.pids[0], signal.SIGKILL)
    assert running.returncode() == 0


def test_ctrl_c_of_the_terminal_does_not_reach_the_workers(start: Start) -> None:
    running = start(workers=2)
    sessions = re.findall(r"^serving (\d+) (\d+)$", running.text, re.MULTILINE)
    assert len(sessions) == 2
    assert all(pid == session for pid, session in sessions)
    running.process.send_signal(signal.SIGINT)
    assert running.returncode() == 0


def test_a_worker_that_stays_is_killed_after_the_grace(start: Start) -> None:
    running = start(STUBBORN, grace=0.05)
    running.process.terminate()
    assert running.returncode() == 1


def test_a_second_ctrl_c_kills_at_once(start: Start) -> None:
    running = start(STUBBORN, workers=1, grace=10 * DEADLINE)
    running.process.send_signal(signal.SIGINT)
    running.wait_for("asked")
    running.process.send_signal(signal.SIGINT)
    assert running.returncode() == 1


def test_workers_stop_when_the_supervisor_is_killed(start: Start) -> None:
    running = start(workers=3)
    running.process.kill()
    assert running.wait_for_all_gone().count("stopped: orphaned") == 3


def script(folder: Path, text: str, *arguments: str) -> list[str]:
    path = folder / "worker.py"
    path.write_text(text)
    return [sys.executable, str(path), *arguments]


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_worker_that_cannot_start_ends_the_run_with_what_it_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = script(tmp_path, "import os, sys; os.write(1, b'trying\\n'); sys.exit('boom: no database')")
    (tmp_path / "good").mkdir()
    workers = [
        Worker("ops-1", script(tmp_path / "good", WRITER, "ops"), ENV, log=tmp_path / "ops.log"),
        Worker("shop-1", argv, ENV, log=tmp_path / "logs" / "shop.log"),
    ]
    exits: list[tuple[str, int]] = []
    ready: list[bool] = []
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    run = Supervisor(
        workers,
        on_ready=lambda: ready.append(True),
        on_exit=lambda worker, code: exits.append((worker.name, code)),
    )
    assert run.run() == 1
    assert ready == []
    assert exits == [("shop-1", 1)] * 3
    message = capsys.readouterr().err
    assert message.startswith("shop-1 could not start in 4 attempts (exit status 1)")
    assert "boom: no database" in message
    assert (tmp_path / "logs" / "shop.log").read_text() == "trying\nboom: no database\n" * 4
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    assert signal.set_wakeup_fd(-1) == -1


def test_a_missing_program_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    worker = Worker("shop-1", [str(tmp_path / "nowhere")], ENV, log=tmp_path / "shop.log")
    assert Supervisor([worker], on_ready=stop).run() == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_a_worker_that_served_is_started_again_however_often_it_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.001)
    argv = script(tmp_path, "from jwt_pizza.kit.supervisor import notify_ready as ready; ready(); ready(); exit(7)")
    codes: list[int] = []
    ready: list[bool] = []

    def died(_worker: Worker, code: int) -> None:
        codes.append(code)
        if len(codes) == 6:
            stop()

    assert Supervisor([Worker("shop-1", argv, ENV)], on_ready=lambda: ready.append(True), on_exit=died).run() == 0
    assert codes == [7] * 6
    assert ready == [True]


def test_the_first_restart_is_immediate_and_the_next_ones_wait_longer_and_longer() -> None:
    assert [supervisor.delay(deaths) for deaths in range(1, 9)] == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert supervisor.delay(100_000) == 5.0


def test_no_worker_outlives_a_callback_that_raises(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("on_ready")

    argv = script(tmp_path, STUBBORN)
    log = tmp_path / "shop.log"
    with pytest.raises(RuntimeError, match="on_ready"):
        Supervisor([Worker("shop-1", argv, ENV, log=log)], on_ready=fail).run()
    with pytest.raises(ProcessLookupError):
        os.kill(int(log.read_text().split()[1]), 0)


def test_workers_share_a_log_line_by_line(tmp_path: Path) -> None:
    log = tmp_path / "shop.log"
    workers = [Worker(name, script(tmp_path, WRITER, name), ENV, log=log) for name in ("one", "two")]
    assert Supervisor(workers, on_ready=stop).run() == 0
    lines = log.read_text().splitlines()
    for name in ("one", "two"):
        own = [line for line in lines if line.startswith(name)]
        assert own == [*(f"{name} {number} {'x' * 80}" for number in range(6000)), f"{name} ends"]
    assert len(lines) == 2 * 6001


def test_the_last_words_are_logged_although_a_grandchild_keeps_the_pipe_open(tmp_path: Path) -> None:
    text = "import os; from jwt_pizza.kit.supervisor import PARENT_FD, notify_ready\n"
    text += "if not os.fork(): os._exit(len(os.read(int(os.environ[PARENT_FD]), 1)))\n"
    text += "os.write(1, b'unfinished'); notify_ready()"
    log = tmp_path / "shop.log"
    logged: list[str] = []

    def died(_worker: Worker, _code: int) -> None:
        logged.append(log.read_text())
        stop()

    worker = Worker("shop-1", script(tmp_path, text), ENV, log=log)
    assert Supervisor([worker], on_ready=lambda: None, on_exit=died).run() == 0
    assert logged == ["unfinished\n"]


def test_a_log_is_rotated_by_size_between_lines(tmp_path: Path) -> None:
    log = tmp_path / "shop.log"
    log.write_text("of yesterday\n")
    worker = Worker("one", script(tmp_path, WRITER, "one"), ENV, log=log)
    assert Supervisor([worker], on_ready=stop, log_bytes=50_000, log_files=3).run() == 0
    assert sorted(path.name for path in tmp_path.glob("shop.log*")) == ["shop.log", "shop.log.1", "shop.log.2"]
    files = [tmp_path / name for name in ("shop.log.2", "shop.log.1", "shop.log")]
    assert all(49_000 < file.stat().st_size <= 50_000 for file in files[:2])
    lines = "".join(file.read_text() for file in files).splitlines()
    written = [*(f"one {number} {'x' * 80}" for number in range(6000)), "one ends"]
    assert lines == written[-len(lines) :]


def test_a_line_longer_than_a_log_gets_one_to_itself(tmp_path: Path) -> None:
    text = "import os, signal; from jwt_pizza.kit.supervisor import notify_ready\n"
    text += "os.write(1, b'short\\n' + b'y' * 5000 + b'\\nlast\\n'); notify_ready(); signal.pause()"
    worker = Worker("one", script(tmp_path, text), ENV, log=tmp_path / "shop.log")
    assert Supervisor([worker], on_ready=stop, log_bytes=1000).run() == 0
    texts = [(tmp_path / name).read_text() for name in ("shop.log.2", "shop.log.1", "shop.log")]
    assert texts == ["short\n", "y" * 5000 + "\n", "last\n"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "", "::1", "::"])
def test_all_listen_on_one_port_that_nobody_else_gets(host: str) -> None:
    if ":" in host and not os.path.exists("/proc/net/if_inet6"):  # noqa: PTH110 - not a file of ours
        pytest.skip("no IPv6")
    socks = listen(host, 0, 3)
    port = socks[0].getsockname()[1]
    assert {sock.getsockname()[1] for sock in socks} == {port}
    with pytest.raises(PortTaken, match=f"port {port} is already in use: .* --port$"):
        listen(host, port, 1)
    with socket.create_connection(("::1" if ":" in host else "127.0.0.1", port), timeout=DEADLINE):
        pass
    for sock in socks:
        sock.close()
    for sock in listen(host, port, 2):  # although a connection of before is still in TIME_WAIT
        sock.close()


def test_a_port_of_another_program_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTaken):
        listen("0.0.0.0", other.getsockname()[1], 2)  # noqa: S104 - what is tested


async def test_without_a_supervisor_there_is_nothing_to_tell_or_inherit() -> None:
    notify_ready({})
    assert inherited_socket({}) is None
    waiting = asyncio.create_task(parent_gone({}))
    done, _ = await asyncio.wait({waiting}, timeout=0)
    assert not done
    waiting.cancel()
