"""Rules and configurations satisfy Prometheus's and Alertmanager's own tools, and every alert is tested."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from jwt_pizza.ops.telemetry.model import Thresholds
from jwt_pizza.ops.telemetry.routes import RUNBOOKS
from jwt_pizza.ops.telemetry.rules import built_in
from observability import rules
from tests.debian import checked

HOME = rules.HOME
TESTS = sorted((HOME / "prometheus" / "tests").glob("*.yml"))
BOARDS = {file.stem for file in (HOME / "grafana" / "dashboards").glob("*.json")}


class Firing(msgspec.Struct):
    exp_labels: dict[str, str]


class AlertTest(msgspec.Struct):
    alertname: str
    exp_alerts: list[Firing]


class Case(msgspec.Struct):
    name: str
    alert_rule_test: list[AlertTest] = []


class Cases(msgspec.Struct):
    tests: list[Case]


def test_promtool_finds_the_rules_good() -> None:
    said = checked("promtool", "check", "rules", "--lint-fatal", *rules.FILES)
    assert said.count("SUCCESS") == len(rules.FILES)


@pytest.mark.parametrize("file", ["prometheus.yml", "prometheus-direct.yml"])
def test_promtool_finds_the_configuration_good(file: str) -> None:
    checked("promtool", "check", "config", HOME / "prometheus" / file)


def test_amtool_finds_the_configuration_good() -> None:
    said = checked("amtool", "check-config", HOME / "alertmanager" / "alertmanager.yml")
    assert "2 receivers" in said


def test_alerts_go_to_ops_and_the_heartbeat_goes_elsewhere() -> None:
    file = HOME / "alertmanager" / "alertmanager.yml"

    def receiver(**labels: str) -> str:
        pairs = [f"{name}={value}" for name, value in labels.items()]
        said = checked("amtool", "config", "routes", "test", "--config.file", file, *pairs)
        return said.splitlines()[0]

    assert receiver(alertname="failed-orders", severity="critical") == "ops"
    assert receiver(alertname="Watchdog", severity="info") == "heartbeat"


@pytest.mark.parametrize("file", TESTS, ids=lambda file: str(file.stem))
def test_the_rules_fire_and_are_silent_when_they_should(file: Path) -> None:
    checked("promtool", "test", "rules", file)


def cases() -> Iterator[AlertTest]:
    for file in TESTS:
        for case in msgspec.yaml.decode(file.read_bytes(), type=Cases, strict=False).tests:
            yield from case.alert_rule_test


def test_every_alert_is_seen_firing_and_silent() -> None:
    """The ones that share a name are told apart by their labels."""
    seen: dict[bool, set[tuple[str, str]]] = defaultdict(set)
    everything = {(rule.alert, rule.labels.get("long", rule.labels["severity"])) for _, rule in rules.alerts()}
    for case in cases():
        firing = {
            (case.alertname, alert.exp_labels.get("long", alert.exp_labels["severity"])) for alert in case.exp_alerts
        }
        seen[True] |= firing
        seen[False] |= {each for each in everything - firing if each[0] == case.alertname}
    assert everything - seen[True] == set()
    # Watchdog's purpose is never to be silent.
    assert everything - seen[False] == {("Watchdog", "info")}


def test_an_alert_says_how_bad_it_is_and_where_to_look() -> None:
    for _, rule in rules.alerts():
        assert rule.labels["severity"] in {"critical", "warning", "info"}, rule.alert
        board = re.fullmatch(r"\{\{ \$externalLabels.grafana }}/d/jwt-pizza-(\S+)", rule.annotations["dashboard_url"])
        assert board is not None, rule.alert
        assert board[1] in BOARDS, rule.alert
        book = rule.annotations["runbook_url"].removeprefix("{{ $externalLabels.ops }}/runbooks/")
        assert (RUNBOOKS / f"{book}.md").is_file(), rule.alert
        assert rule.annotations["summary"], rule.alert


def test_what_the_watch_knows_too_has_the_same_name() -> None:
    """So that ops makes one group of both."""
    watched = {rule.name for rule in built_in(Thresholds())}
    assert watched <= {rule.alert for _, rule in rules.alerts()}
