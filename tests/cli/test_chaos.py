"""`jwt-pizza chaos`, as typed."""

import asyncio
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from jwt_pizza.apps import up
from jwt_pizza.cli.chaos import command
from jwt_pizza.kit import settings
from jwt_pizza.kit.postgres import Postgres
from tests.factory.kitchen import bake, vendor_key
from tests.running import running_factory


async def run(environment: dict[str, str], *words: str) -> tuple[int, str]:
    result = await asyncio.to_thread(CliRunner().invoke, command, list(words), None, environment)
    return result.exit_code, result.output + str(result.exception or "")


async def test_attack_is_started_shown_and_stopped(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    """With a key of the environment, and with the one that `up` leaves in the data directory."""
    key, admin = await vendor_key(postgres), await vendor_key(postgres, "boss", admin=True)
    async with running_factory(database_url) as factory:
        environment = {"JWT_PIZZA_FACTORY_URL": factory.url, "JWT_PIZZA_DATA_DIR": str(tmp_path)}
        code, said = await run(environment, "status")
        assert code == 1
        assert "JWT_PIZZA_FACTORY_API_KEY" in said
        file = up.operator_key_file(settings.load(environment))
        file.parent.mkdir(parents=True)
        file.write_text(admin + "\n")
        code, said = await run(environment, "start", "fail", "--for", "11m", "--vendor", "roma")
        assert (code, "fail is active" in said) == (0, True)
        assert (await bake(factory, key)).status == 500
        environment["JWT_PIZZA_FACTORY_API_KEY"] = admin
        assert re.search(r"fail\W+active\W+roma", (await run(environment, "status"))[1])
        assert "1 attack stopped" in (await run(environment, "stop"))[1]
        assert "no attack was on" in (await run(environment, "stop"))[1]
        assert (await bake(factory, key)).status == 200
        environment["JWT_PIZZA_FACTORY_API_KEY"] = key
        assert (await run(environment, "stop"))[0] == 1


@pytest.mark.parametrize("words", [["start", "meteor"], ["start", "fail", "--for", "soon"], ["start"]])
async def test_nonsense_is_refused_before_anything_is_called(words: list[str]) -> None:
    assert (await run({"JWT_PIZZA_FACTORY_URL": "http://127.0.0.1:1"}, *words))[0] == 2
