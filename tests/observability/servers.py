"""A real Prometheus, a real Alertmanager and the real product, each on a free port, each with an end."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from observability.rules import HOME
from tests import places
from tests.debian import TOOLS, program

DEADLINE = 60
_LISTENING = re.compile(r"msg=\"?Listening on\"? .*?address=127\.0\.0\.1:(\d+)")


@dataclass
class Product:
    shop: str
    ops: str
    data: Path

    @property
    def ops_token(self) -> str:
        return (self.data / "run" / "ops-token").read_text(encoding="ascii").strip()

    @property
    def factory_key(self) -> str:
        """Of an admin of the factory."""
        return (self.data / "run" / "factory-operator-key").read_text(encoding="ascii").strip()


@contextmanager
def product(**changes: str) -> Iterator[Product]:
    """`jwt-pizza up`. `changes` are variables of its environment."""
    root = places.folder()
    environment = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"JWT_PIZZA_DATA_DIR": str(root / "data"), "JWT_PIZZA_LOG_LEVEL": "warning", **changes}
    argv = [sys.executable, "-m", "jwt_pizza", "up", "--port", "0", "--ops-port", "0"]
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = re.search(r"ready: shop (\S+) ops (\S+)", process.stdout.readline())
        assert ready is not None
        yield Product(ready[1], ready[2], root / "data")
    finally:
        process.terminate()
        process.wait(DEADLINE)
        process.stdout.close() if process.stdout else None
        shutil.rmtree(root, ignore_errors=True)


@dataclass
class Prometheus:
    url: str

    async def ask(self, path: str, **query: str) -> Any:
        """The data of its answer; an assertion fails when the answer is an error."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE)) as session,
            session.get(f"{self.url}/api/v1/{path}", params=query) as answer,
        ):
            said = await answer.json()
        assert said["status"] == "success", f"{said.get('error')}: {query}"
        return said["data"]


@contextmanager
def prometheus(
    folder: Path, shipped: str, targets: dict[str, str], ops: str, ops_token: str, **changes: object
) -> Iterator[Prometheus]:
    """With the shipped configuration, but it scrapes `targets` (job to address) each second, evaluates as often, and
    sends alerts to `ops`."""
    text = (HOME / "prometheus" / shipped).read_text(encoding="utf-8")
    token = folder / "ops-token"
    token.write_text(ops_token, encoding="ascii")
    text = text.replace("/run/secrets/ops-token", str(token)).replace("127.0.0.1:3001", ops.removeprefix("http://"))
    config = msgspec.yaml.decode(text, type=dict[str, Any])
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(HOME / "prometheus" / name) for name in config["rule_files"]]
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    assert set(targets) == jobs
    config["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [address.removeprefix("http://")]}]}
        for job, address in targets.items()
    ]
    config |= changes
    file = folder / "prometheus.yml"
    # JSON is YAML.
    file.write_text(json.dumps(config), encoding="utf-8")
    argv = [
        program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        "--web.listen-address=127.0.0.1:0",
        "--log.level=info",
    ]
    with _server(argv, folder / "prometheus.log", "ready to receive web requests") as address:
        yield Prometheus(address)


@contextmanager
def alertmanager(folder: Path, ops: str, ops_token: str) -> Iterator[str]:
    """Its address. With the shipped configuration, but it sends to `ops`."""
    token = folder / "ops-token"
    token.write_text(ops_token, encoding="ascii")
    text = (HOME / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    text = text.replace("http://127.0.0.1:3001", ops).replace("/run/secrets/ops-token", str(token))
    file = folder / "alertmanager.yml"
    file.write_text(text, encoding="utf-8")
    argv = [
        program("prometheus-alertmanager"),
        f"--config.file={file}",
        f"--storage.path={folder / 'alertmanager'}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
    ]
    with _server(argv, folder / "alertmanager.log", "Listening on") as address:
        yield address


@contextmanager
def _server(argv: list[str], log: Path, ready: str) -> Iterator[str]:
    """Its address, once its log says that it is ready."""
    with log.open("w", encoding="utf-8") as kept:
        process = subprocess.Popen(argv, cwd=TOOLS if TOOLS.exists() else None, stderr=kept)
    try:
        until = time.monotonic() + DEADLINE
        while ready not in (said := log.read_text(encoding="utf-8")):
            assert process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.02)
        listening = _LISTENING.search(said)
        assert listening is not None, said
        yield f"http://127.0.0.1:{listening[1]}"
    finally:
        process.terminate()
        process.wait(DEADLINE)
