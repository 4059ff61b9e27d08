"""The answer to a scrape, for all worker processes of one port."""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from jwt_pizza.kit.metrics import REGISTRY

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_LIVE: Final = re.compile(r"gauge_live[a-z]*_(\d+)\.db")


def exposition() -> bytes:
    """Everything, in Prometheus's text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    _forget_the_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def _forget_the_dead(folder: Path) -> None:
    """The gauges of a process that was killed no longer count. Whoever answers sees to it, however the other ended."""
    for file in folder.glob("gauge_live*.db"):
        found = _LIVE.fullmatch(file.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            with suppress(OSError):
                file.unlink()
