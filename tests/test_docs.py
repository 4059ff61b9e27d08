"""Documents that are held to the code."""

import re
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from jwt_pizza.kit import metrics

DOCS = Path(__file__).parents[1] / "docs"
_ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<kind>\w+) \| (?P<labels>[^|]*) \| (?P<meaning>[^|]+) \|$", re.M)
_KINDS = {Counter: "counter", Gauge: "gauge", Histogram: "histogram", metrics.Tallied: "histogram"}


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    """Name, type, labels and meaning of each, in order; a gauge of each process has the label `pid` beside its own."""
    table = [
        (row["name"], row["kind"], tuple(re.findall(r"`(\w+)`", row["labels"])), row["meaning"].strip())
        for row in _ROW.finditer((DOCS / "metrics.md").read_text(encoding="utf-8"))
    ]
    assert table == [_described(each) for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]


def _described(metric: MetricWrapperBase) -> tuple[str, str, tuple[str, ...], str]:
    name = f"{metric._name}_total" if isinstance(metric, Counter) else metric._name
    labels = tuple(metric._labelnames)
    if isinstance(metric, Gauge) and metric._multiprocess_mode == "liveall":
        labels += ("pid",)
    return name, _KINDS[type(metric)], labels, metric._documentation
