"""Migrations: safe to repeat, safe to run on several machines at once."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import asyncpg

from jwt_pizza.apps import database, migration
from jwt_pizza.kit import embedded, revisions


def test_two_upgrades_at_once_end_with_the_newest_revision(cluster: embedded.Cluster) -> None:
    name = f"test_{uuid4().hex[:12]}"

    async def ask(where: str, statement: str) -> object:
        connection = await asyncpg.connect(cluster.url(where))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    asyncio.run(ask("postgres", f"CREATE DATABASE {name}"))
    try:
        with ThreadPoolExecutor(1) as other:
            # Alembic keeps state of a run in its module, so the second one is a process of its own.
            second = other.submit(_migrate_elsewhere, cluster.url(name))
            migration.migrate(cluster.url(name))
            assert second.result(60) == 0
        migration.migrate(cluster.url(name))
        for schema, package in database.SCHEMAS.items():
            version = asyncio.run(ask(name, f"SELECT version_num FROM {schema}.schema_version"))
            assert version == revisions.newest(package)
    finally:
        asyncio.run(ask("postgres", f"DROP DATABASE {name} WITH (FORCE)"))


def _migrate_elsewhere(url: str) -> int:

    environment = os.environ | {"DATABASE_URL": url}
    return subprocess.run([sys.executable, "-m", "jwt_pizza", "migrate"], env=environment, check=False).returncode
