"""What docs/alerts.md tells people to copy works."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import office

TEXT = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:3001"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


async def test_every_command_runs(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {"PATH": path, "DATABASE_URL": database_url, "JWT_PIZZA_OPS_URL": made.ops.url, "LANG": "C.UTF-8"}
        for block in blocks("sh"):
            script = "set -euo pipefail\n" + block.replace(HERE, made.ops.url)
            done = await asyncio.to_thread(
                subprocess.run, ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        statuses = [group["status"] for group in (await made.good("GET", "/api/groups"))["groups"]]
        assert statuses == ["resolved"]


async def test_every_address_is_one_of_ours(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    urls = set(re.findall(rf"{HERE}(/\S+)", "".join(blocks("yaml"))))
    assert urls == {"/api/alerts/alertmanager", "/api/alerts/grafana"}
    async with office(database_url, postgres, tmp_path) as made:
        for url in urls:
            assert (await made.ops.call("POST", url, {})).status == 400
        [rule] = blocks("json")
        first, _, body = rule.partition("\n")
        method, path = first.split()
        answer = await made.ops.call(method, path, data=body.encode(), token=made.ada)
        assert answer.status == 200, answer.text


@pytest.mark.parametrize("number", range(3))
def test_every_configuration_is_yaml_that_names_us(number: int) -> None:
    found = yaml.safe_load(blocks("yaml")[number])
    assert "127.0.0.1:3001" in str(found)
