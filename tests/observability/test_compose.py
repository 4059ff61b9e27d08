"""The compose file and what it mounts: structure and cross-references are checked, as the suite has no Docker."""

import json
import re
from typing import Any, Final

import msgspec
import pytest

from observability.rules import HOME, alerts

COMPOSE: Final[Any] = msgspec.yaml.decode((HOME / "compose.yaml").read_bytes())
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
PROVISIONING: Final = HOME / "grafana" / "provisioning"
SOURCES: Final[list[Any]] = msgspec.yaml.decode((PROVISIONING / "datasources" / "jwt-pizza.yaml").read_bytes())[
    "datasources"
]


def read(*path: str) -> Any:
    file = PROVISIONING.joinpath(*path)
    return msgspec.yaml.decode(file.read_bytes())


def test_it_starts_what_it_promises_in_pinned_versions() -> None:
    assert set(SERVICES) == {"grafana", "prometheus", "alertmanager", "loki", "tempo", "alloy"}
    for service in SERVICES.values():
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_mounts_exist(name: str) -> None:
    service = SERVICES[name]
    for mount in service["volumes"]:
        # A default may hold a colon: ${NAME:-default}.
        source, _, target = re.sub(r"\$\{[^}]*\}(/logs)?", "LOGS", re.sub(r"\$\{HOME\}", "HOME", mount)).partition(":")
        assert target.startswith("/")
        if source.startswith("./"):
            assert (HOME / source).is_dir(), mount
            assert target.endswith(":ro"), f"{mount}: nothing of the checkout is written to"
        elif source != "LOGS":
            assert source in COMPOSE["volumes"], mount


def test_configuration_that_a_command_names_is_mounted() -> None:
    for name, service in SERVICES.items():
        command = service.get("command", [])
        text = command if isinstance(command, str) else " ".join(command)
        for path in re.findall(r"(?:[= ]|^)(/etc/\S+)", text):
            folder, _, file = path.rpartition("/")
            source = next(mount.split(":")[0] for mount in service["volumes"] if f":{folder}:" in mount)
            assert (HOME / source / file).is_file(), f"{name}: {path}"


def test_who_sends_to_ops_has_its_token() -> None:
    named = {
        "prometheus": HOME / "prometheus" / "prometheus-direct.yml",
        "alertmanager": HOME / "alertmanager" / "alertmanager.yml",
    }
    for name, file in named.items():
        (path,) = re.findall(r"credentials_file: (\S+)", file.read_text(encoding="utf-8"))
        assert path in {f"/run/secrets/{secret}" for secret in SERVICES[name]["secrets"]}
        assert COMPOSE["secrets"]["ops-token"] == {"environment": "JWT_PIZZA_OPS_TOKEN"}


def test_nothing_listens_beyond_loopback() -> None:
    """The host's network is used: each server must be told."""
    text = json.dumps(SERVICES)
    assert set(re.findall(r"listen-addr(?:ess)?=([\d.]*)", text)) == {"127.0.0.1", ""}
    assert SERVICES["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    for file in ("loki/loki.yaml", "tempo/tempo.yaml"):
        server = msgspec.yaml.decode((HOME / file).read_bytes())["server"]
        assert server["http_listen_address"] == server["grpc_listen_address"] == "127.0.0.1"


def test_no_two_listen_on_one_port_nor_on_the_product_s() -> None:
    text = json.dumps(SERVICES)
    ports = [*re.findall(r"127\.0\.0\.1:(\d+)", text), SERVICES["grafana"]["environment"]["GF_SERVER_HTTP_PORT"]]
    for file in ("loki/loki.yaml", "tempo/tempo.yaml"):
        content = (HOME / file).read_text(encoding="utf-8")
        ports += re.findall(r"_listen_port: (\d+)", content) + re.findall(r"endpoint: 127\.0\.0\.1:(\d+)", content)
    assert len(set(ports)) == len(ports)
    assert not set(ports) & {"3000", "3001", "3002"}


def test_grafana_s_sources_are_the_servers_of_the_compose_file() -> None:
    addresses = {source["type"]: source["url"] for source in SOURCES}
    grafana = SERVICES["prometheus"]["command"]
    assert f"--web.listen-address={addresses['prometheus'].removeprefix('http://')}" in grafana
    assert (
        f"--web.listen-address={addresses['alertmanager'].removeprefix('http://')}"
        in (SERVICES["alertmanager"]["command"])
    )
    for kind in ("loki", "tempo"):
        port = msgspec.yaml.decode((HOME / kind / f"{kind}.yaml").read_bytes())["server"]["http_listen_port"]
        assert addresses[kind] == f"http://127.0.0.1:{port}"
    uids = {source["uid"] for source in SOURCES}
    assert set(re.findall(r'[uU]id": "([a-z-]+)"', json.dumps(SOURCES))) <= uids


def test_dashboards_are_provisioned_from_where_they_are_mounted() -> None:
    (provider,) = read("dashboards", "jwt-pizza.yaml")["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]


def test_every_alert_is_a_rule_of_grafana_too_and_goes_to_ops() -> None:
    groups = read("alerting", "rules.json")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["title"].split()[0] for rule in rules} == {rule.alert for _, rule in alerts()} - {"Watchdog"}
    assert len({rule["uid"] for rule in rules}) == len(rules)
    assert len({rule["title"] for rule in rules}) == len(rules)
    for rule in rules:
        assert len(rule["uid"]) <= 40
        assert {step["datasourceUid"] for step in rule["data"]} <= {source["uid"] for source in SOURCES} | {"__expr__"}
        assert rule["condition"] in {step["refId"] for step in rule["data"]}
        assert "externalLabels" not in json.dumps(rule["annotations"])
        assert "$value " not in json.dumps(rule["annotations"])
    (point,) = read("alerting", "contact-points.yaml")["contactPoints"]
    (policy,) = read("alerting", "policies.yaml")["policies"]
    assert policy["receiver"] == point["name"]
    (receiver,) = point["receivers"]
    assert receiver["settings"]["url"].endswith("/api/alerts/grafana")
    variable = receiver["settings"]["authorization_credentials"].removeprefix("$")
    assert variable in SERVICES["grafana"]["environment"]
