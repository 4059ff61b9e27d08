"""A system of real processes on a data directory of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jwt_pizza.kit import embedded
from tests import places
from tests.apps.load import Up


@pytest.fixture
def home() -> Iterator[Path]:
    place = places.folder()
    yield place
    cluster = embedded.running(place)
    if cluster is not None:
        embedded.stop(cluster)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    started = Up(home)
    yield started
    if started.process.poll() is None:
        started.kill()
