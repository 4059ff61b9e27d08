"""Every query of every queries.sql fits the migrated schema, and is used."""

import re
from pathlib import Path

import pytest

import jwt_pizza
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries

HOME = Path(jwt_pizza.__file__).parent
FILES = sorted(HOME.rglob("queries.sql"))
PACKAGES = [".".join(("jwt_pizza", *path.parent.relative_to(HOME).parts)) for path in FILES]


def test_there_are_queries() -> None:
    assert "jwt_pizza.shop.orders" in PACKAGES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.parent.relative_to(HOME)))
def test_every_statement_is_named_described_and_used(path: Path) -> None:
    """No statement is lost because the file was not understood."""
    package = PACKAGES[FILES.index(path)]
    queries = Queries(package)
    text = path.read_text(encoding="utf-8")
    assert queries.names() == re.findall(r"^-- name: (\w+)$", text, re.MULTILINE)
    assert len(set(queries.names())) == len(queries.names())
    for name in queries.names():
        assert queries[name]
        assert ";" not in re.sub(r"'[^']*'|--[^\n]*", "", queries[name])
    code = "".join(module.read_text(encoding="utf-8") for module in path.parent.glob("*.py"))
    unused = [name for name in queries.names() if f'"{name}"' not in code]
    assert unused == []


async def test_every_statement_is_understood_by_the_migrated_schema(postgres: Postgres) -> None:
    async with postgres.lease("test") as connection:
        for package in PACKAGES:
            queries = Queries(package)
            for name in queries.names():
                try:
                    await connection.prepare(queries[name])
                except Exception as error:
                    raise AssertionError(f"{package}: {name}: {error}") from error
