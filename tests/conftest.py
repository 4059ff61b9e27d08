"""One real PostgreSQL for the run, a migrated template database for each worker, a fresh copy for each test."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from jwt_pizza.apps import demo, migration
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit import embedded
from jwt_pizza.kit.postgres import Postgres
from tests import places
from tests.running import Running, running_shop

_ROOT = "JWT_PIZZA_TEST_DATA_DIR"


def pytest_configure(config: pytest.Config) -> None:
    # The process that starts the workers starts PostgreSQL; the workers find it running.
    if not hasattr(config, "workerinput"):
        os.environ[_ROOT] = str(places.folder())
        # Of each run its own: pytest tidies up what runs before it have left, and also what runs beside it still use.
        os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ[_ROOT]
        embedded.start(Path(os.environ[_ROOT]), durable=False, settings={"max_connections": "300"})


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and (root := os.environ.pop(_ROOT, None)):
        cluster = embedded.running(Path(root))
        if cluster is not None:
            embedded.stop(cluster)
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> embedded.Cluster:
    running = embedded.running(Path(os.environ[_ROOT]))
    assert running is not None
    return running


@pytest.fixture(scope="session")
def template(cluster: embedded.Cluster) -> str:
    """The name of a migrated database with the demo's data."""
    name = f"template_{uuid4().hex[:12]}"

    async def prepare() -> None:
        await administer(cluster, f"CREATE DATABASE {name}")
        migration.migrate(cluster.url(name))
        postgres = await Postgres(cluster.url(name), name="template", size=2).open()
        await demo.seed(postgres, SystemClock())
        await postgres.close()

    asyncio.run(prepare())
    return name


@pytest.fixture
def database_url(cluster: embedded.Cluster, template: str) -> Iterator[str]:
    """A database of this test's own, with the demo's data."""
    name = f"test_{uuid4().hex[:12]}"
    asyncio.run(administer(cluster, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    yield cluster.url(name)
    asyncio.run(administer(cluster, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def postgres(database_url: str) -> AsyncIterator[Postgres]:
    # Patient: what tests ask in between is nobody's order, and a starved core is no failure.
    pool = await Postgres(database_url, name="test", size=5, wait=20, statement=30).open()
    yield pool
    await pool.close()


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Running]:
    """A shop on a real socket, with the factory under /factory."""
    async with running_shop(database_url) as running:
        yield running


async def administer(cluster: embedded.Cluster, statement: str) -> None:
    """Runs a statement beside the tests' databases."""
    connection = await asyncpg.connect(cluster.url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
