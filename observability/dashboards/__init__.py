"""What Grafana shows and evaluates, as code. `make dashboards` writes it to `observability/grafana/`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from observability.dashboards import connections, factory, grafana_alerts, money, on_call, processes, service

HOME: Final = Path(__file__).parent.parent


def generated() -> Iterator[tuple[Path, str]]:
    """Each file and what belongs into it."""
    encoder = JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False)
    for make in (service, factory, money, connections, on_call, processes):
        dashboard = make.dashboard().build()
        for number, panel in enumerate(dashboard.panels or (), start=1):
            panel.id_val = number
        name = str(dashboard.uid).removeprefix("jwt-pizza-")
        yield HOME / "grafana" / "dashboards" / f"{name}.json", encoder.encode(dashboard) + "\n"
    yield HOME / "grafana" / "provisioning" / "alerting" / "rules.json", grafana_alerts.provisioned()
