"""Grafana's own alert rules, made from the Prometheus rule files: the same expressions, evaluated by Grafana."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from observability import rules
from observability.rules import Group, Rule

SOURCE: Final = "jwt-pizza-prometheus"
_FOLDER: Final = "JWT Pizza"
_LOOKBACK: Final = 600
"""Seconds of data that Grafana fetches at most; an instant query reads what its own ranges say."""
_HEARTBEAT: Final = "Watchdog"


def provisioned() -> str:
    """As `provisioning/alerting/rules.json`. Expressions that are recorded need the recording rules in Prometheus."""
    groups = [
        {"orgId": 1, "name": group.name, "folder": _FOLDER, "interval": "10s", "rules": made}
        for group in rules.groups()
        if (made := list(_rules(group)))
    ]
    return json.dumps({"apiVersion": 1, "groups": groups}, indent=1, ensure_ascii=False) + "\n"


def _rules(group: Group) -> Iterator[Mapping[str, object]]:
    titles: set[str] = set()
    for rule in group.rules:
        # The heartbeat is Prometheus's own: Grafana's life says nothing about it.
        if not rule.alert or rule.alert == _HEARTBEAT:
            continue
        title = rule.alert
        if title in titles:
            # Titles are unique in a folder, and become the label alertname.
            title = f"{rule.alert} {rule.labels.get('long', rule.labels['severity'])}"
        titles.add(title)
        yield _rule(rule, title)


def _rule(rule: Rule, title: str) -> Mapping[str, object]:
    return {
        "uid": "jwt-pizza-" + title.replace(" ", "-"),
        "title": title,
        "condition": "B",
        "data": [
            _step("A", SOURCE, {"expr": " ".join(rule.expr.split()), "instant": True, "range": False}),
            # The expression answers with series only while something is wrong, whatever their values are.
            _step("B", "__expr__", {"type": "math", "expression": "is_number($A)"}),
        ],
        "noDataState": "OK",
        # A Prometheus that does not answer is an alert of its own.
        "execErrState": "Error",
        "for": rule.wait,
        "labels": rule.labels,
        "annotations": {name: _text(text) for name, text in rule.annotations.items()},
        "isPaused": False,
    }


def _step(ref: str, source: str, model: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "refId": ref,
        "relativeTimeRange": {"from": _LOOKBACK, "to": 0},
        "datasourceUid": source,
        "model": {"refId": ref, **model},
    }


def _text(template: str) -> str:
    """Grafana's templates know neither external labels nor `$value` as a number."""
    text = template.replace("{{ $externalLabels.grafana }}", "http://127.0.0.1:3003")
    text = text.replace("{{ $externalLabels.ops }}", "http://127.0.0.1:3001")
    return text.replace("$value", "$values.A.Value")
