"""Everything on one machine: an embedded PostgreSQL, the shop's workers, ops, and a supervisor over them."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from jwt_pizza.kit import embedded
from jwt_pizza.kit.settings import SettingError, Settings
from jwt_pizza.kit.supervisor import Supervisor, Worker, listen

_GUARD: Final = "jwt_pizza.kit.embedded_guard"


class Addresses(msgspec.Struct, frozen=True):
    shop: str
    ops: str
    data: Path


def run(settings: Settings, *, port: int, ops_port: int, workers: int, on_ready: Callable[[Addresses], None]) -> int:
    """Serves until SIGINT or SIGTERM; the exit status. Raises PortTaken, EmbeddedError, SettingError."""
    sockets = listen(settings.host, port, workers)
    ops_socket = listen(settings.host, ops_port, 1)[0]
    addresses = Addresses(
        shop=f"http://{settings.host}:{sockets[0].getsockname()[1]}",
        ops=f"http://{settings.host}:{ops_socket.getsockname()[1]}",
        data=settings.data_home,
    )
    home = settings.data_home
    home.mkdir(parents=True, exist_ok=True)
    cluster = None
    url = settings.database_url
    if url is None:
        cluster = embedded.start(home)
        url = cluster.url()
    try:
        environment = _environment(settings, url, addresses)
        _migrate(environment, demo=settings.demo, operator_key=operator_key_file(settings))
        if settings.policy != "in-house" and settings.factory_url is None and settings.factory_api_key is None:
            environment["JWT_PIZZA_FACTORY_API_KEY"] = _vendor_key(environment)
        children = [
            Worker(f"shop-{number}", _serve("shop"), environment, sock, home / "logs" / "shop.log")
            for number, sock in enumerate(sockets, start=1)
        ]
        # One process: it counts for itself.
        ops_environment = {name: value for name, value in environment.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
        children.append(Worker("ops", _serve("ops"), ops_environment, ops_socket, home / "logs" / "ops.log"))
        if cluster is not None:
            children.append(Worker("postgresql", [sys.executable, "-m", _GUARD, str(home)], environment))
        return Supervisor(children, on_ready=lambda: on_ready(addresses)).run()
    finally:
        if cluster is not None:
            embedded.stop(cluster)


def _environment(settings: Settings, url: str, addresses: Addresses) -> dict[str, str]:
    counts = settings.data_home / "run" / "metrics"
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True)
    (settings.data_home / "logs").mkdir(exist_ok=True)
    return os.environ | {
        "DATABASE_URL": url,
        "JWT_PIZZA_DATA_DIR": str(settings.data_home),
        "JWT_PIZZA_DEMO": "true" if settings.demo else "false",
        "JWT_PIZZA_URL": addresses.shop,
        "JWT_PIZZA_OPS_URL": addresses.ops,
        "JWT_PIZZA_OPS_TOKEN": settings.ops_token or _ops_token(settings.data_home / "run" / "ops-token"),
        "PROMETHEUS_MULTIPROC_DIR": str(counts),
    }


def _ops_token(file: Path) -> str:
    """Kept over restarts, for whoever sends to ops from elsewhere; readable by its user alone."""
    if file.exists():
        return file.read_text(encoding="ascii").strip()
    token = secrets.token_urlsafe(32)
    file.touch(0o600)
    file.write_text(f"{token}\n", encoding="ascii")
    return token


def operator_key_file(settings: Settings) -> Path:
    """The key of the factory's admin vendor for commands on this machine, readable by its user alone."""
    return settings.data_home / "run" / "factory-operator-key"


def _migrate(environment: dict[str, str], *, demo: bool, operator_key: Path) -> None:
    # A process of its own: the supervisor stays small, and lives long.
    argv = [sys.executable, "-m", "jwt_pizza", "migrate", *(["--demo"] if demo else [])]
    argv += ["--operator-key", str(operator_key)]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SettingError(f"the database could not be migrated: {done.stderr.strip()}")


def _vendor_key(environment: dict[str, str]) -> str:
    """A key of the shop's own vendor at its own factory, anew with every start."""
    argv = [sys.executable, "-m", "jwt_pizza", "vendor", "add", "jwt-pizza", "--name", "JWT Pizza"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


def _serve(deployable: str) -> list[str]:
    return [sys.executable, "-m", "jwt_pizza", "serve", deployable]
