"""Settings, and the table about them in docs/settings.md."""

from pathlib import Path

import pytest

from jwt_pizza.kit import settings
from jwt_pizza.kit.settings import SettingError

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def table() -> str:
    """The table as the code has it: what docs/settings.md must contain."""
    rows = ["| variable | default | what it is |", "| --- | --- | --- |"]
    for _, env, default, about in settings.describe():
        rows.append(f"| `{env}` | {f'`{default}`' if default else ''} | {about} |")
    return "\n".join(rows)


def test_the_table_in_the_docs_is_that_of_the_code() -> None:
    documented = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert documented == table().splitlines()


def test_every_setting_has_a_description_and_a_name_of_its_own() -> None:
    rows = list(settings.describe())
    assert all(about.endswith(".") for *_, about in rows)
    assert len({env for _, env, _, _ in rows}) == len(rows)


def test_an_empty_environment_gives_the_defaults_and_no_demo() -> None:
    loaded = settings.load({})
    assert loaded == settings.Settings()
    assert loaded.demo is False
    assert loaded.shortest_password == 8
    assert settings.load({"JWT_PIZZA_PORT": "x", "JWT_PIZZA_POOL_SIZE": ""}) == loaded


def test_values_are_converted() -> None:
    environment = {
        "DATABASE_URL": "postgresql://pizza@db/pizza",
        "JWT_PIZZA_DEMO": "true",
        "JWT_PIZZA_POOL_SIZE": "7",
        "JWT_PIZZA_SESSION_HOURS": "0.5",
        "JWT_PIZZA_DATA_DIR": "~/pizza",
    }
    loaded = settings.load(environment)
    assert (loaded.demo, loaded.pool_size, loaded.session_hours) == (True, 7, 0.5)
    assert loaded.data_home == Path("~/pizza").expanduser()
    assert loaded.shortest_password == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_PIZZA_POOL_SIZE", "1"),
        ("JWT_PIZZA_POOL_SIZE", "many"),
        ("JWT_PIZZA_RUNBOOK_AUTOMATIC", "report-factory, stop-chaos"),
        ("JWT_PIZZA_POOL_SIZE", "3.5"),
        ("JWT_PIZZA_DEMO", "perhaps"),
        ("JWT_PIZZA_REQUEST_SECONDS", "0"),
        ("JWT_PIZZA_REQUEST_SECONDS", "nan"),
        ("JWT_PIZZA_SESSION_HOURS", "inf"),
        ("JWT_PIZZA_SESSION_HOURS", "1e300"),
        ("JWT_PIZZA_POOL_WAIT_SECONDS", "-1"),
        ("JWT_PIZZA_HASH_WAITING", "-1"),
        ("JWT_PIZZA_OVEN_FULL_SECONDS", "-1"),
        ("JWT_PIZZA_LOG_LEVEL", "loud"),
        ("JWT_PIZZA_POLICY", "nobody"),
        ("DATABASE_URL", "mysql://pizza@db/pizza"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        settings.load({name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"BTCPAY_STORE": ""}, "BTCPAY_URL, BTCPAY_STORE and BTCPAY_API_KEY go together"),
        ({"BTCPAY_URL": "pay.example.com"}, "BTCPAY_URL must look like"),
        ({"BTCPAY_URL": "https://pay.example.com:99999"}, "BTCPAY_URL must look like"),
        ({"BTCPAY_URL": "https://me:secret@pay.example.com"}, "BTCPAY_URL must look like"),
        ({"BTCPAY_URL": "https://pay.example.com/?x"}, "BTCPAY_URL must look like"),
        ({"BTCPAY_API_KEY": "two\nlines"}, "BTCPAY_API_KEY must be"),
    ],
)
def test_a_payment_gateway_is_set_up_whole_or_not_at_all(changes: dict[str, str], message: str) -> None:
    given = {"BTCPAY_URL": "https://pay.example.com/btc", "BTCPAY_STORE": "store", "BTCPAY_API_KEY": "key"}
    assert settings.load(given).btcpay_store == "store"
    with pytest.raises(SettingError, match=message):
        settings.load(given | changes)


def test_a_hold_outlives_its_order() -> None:
    with pytest.raises(SettingError, match="JWT_PIZZA_HOLD_SECONDS"):
        settings.load({"JWT_PIZZA_HOLD_SECONDS": "1", "JWT_PIZZA_ORDER_SECONDS": "1.5"})
