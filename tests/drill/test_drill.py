"""The incident of 8 April 2025 happens again, as it was and as it is built; and what a drill makes of other days."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from jwt_pizza.cli.drill import command
from jwt_pizza.drill import game, scenario, verdict, virtual
from jwt_pizza.drill.responder import Responder
from jwt_pizza.drill.scenario import Scenario
from jwt_pizza.kit.embedded import Cluster
from tests.places import thorough

SHORT = """
title = "A minute of chaos"
day = 2025-04-08
starts = 15:24:30
ends = 15:26:00

[[traffic]]
starts = 15:24:40
ends = 15:26:00
every = 20

[[attacks]]
kind = "fail"
starts = 15:25:00
ends = 15:30:00

[as-it-was]
policy = "factory-only"
alert-after = 180

[as-built]
policy = "factory"

[[as-built.actions]]
do = "note"
at = 15:25:30
text = "<script>alert(1)</script>"

[as-built.expect]
orders_failed = 0
alert_at = "15:25"
pages_at = ["15:25"]
"""


@pytest.fixture(scope="module")
def ground() -> Iterator[Cluster]:
    with virtual.ground() as cluster:
        yield cluster


@pytest.fixture
def on_ground(ground: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command plays where all tests do."""
    monkeypatch.setattr(virtual, "ground", lambda: nullcontext(ground))


@pytest.mark.usefixtures("on_ground")
def test_the_incident_as_it_was_and_as_it_is_built(tmp_path: Path) -> None:
    """Every fact of the incident's table comes out of the databases and the event log."""
    figures, report = tmp_path / "figures.json", tmp_path / "report.md"
    done = CliRunner().invoke(command, ["--json", str(figures), "--report", str(report)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads(figures.read_text())
    was, built = found["as_it_was"], found["as_built"]
    assert (was["orders_failed"], was["pizzas_not_delivered"], was["diners_affected"]) == (12, 24, 12)
    assert (was["charged_not_delivered"], was["impact_minutes"]) == (12, 11)
    assert [_minute(moment) for moment in was["pages_at"]] == ["15:28", "15:33", "15:38"]
    assert {name: _minute(was[name]) for name in was if name.endswith("_at") and isinstance(was[name], str)} == {
        "first_bad_call_at": "15:25",
        "first_failure_at": "15:25",
        "last_failure_at": "15:35",
        "alert_at": "15:28",
        "first_page_at": "15:28",
        "engineer_started_at": "15:34",
        "acknowledged_at": "15:38",
        "mitigated_at": "15:36",
        "resolved_at": "15:38",
        "confirmed_at": "15:41",
    }
    assert was["pages_after_resolution"] == 1
    assert (was["refunded"], was["mailed"], was["mails"], was["vouchers"], was["ledger_faults"]) == (12, 12, 12, 12, 0)
    assert was["amends_seconds"] <= 10
    assert built["orders_placed"] == built["orders_delivered"] == was["orders_placed"]
    assert (built["orders_failed"], built["charged_not_delivered"], built["impact_minutes"]) == (0, 0, 0)
    assert built["alert_seconds"] <= 2
    assert built["page_seconds"] <= 1
    assert [_minute(moment) for moment in built["pages_at"]] == ["15:25"], "silent once somebody acknowledged"
    assert (built["pages_after_acknowledgement"], built["pages_after_resolution"], built["ledger_faults"]) == (0, 0, 0)
    told = report.read_text()
    assert told.startswith("# Incident: 2025-04-08 09-25-48\n")
    for fact in (
        "For 11 minutes between 15:25 UTC and 15:36 UTC on 8 April 2025",
        "Users saw the message “Failed to fulfill order at factory”.",
        "- 12 users affected",
        "- 24 pizzas not delivered",
        "- 12 orders charged and not delivered",
        "The engineer on call was texted at 15:28, 15:33 and 15:38 UTC.",
        "1 message went out after the incident was over, at 15:38 UTC",
        "apiKey=[API_KEY]&fixCode=[FIX_CODE]",
        "12 emails sent, 12 vouchers given",
    ):
        assert fact in told


@pytest.mark.usefixtures("on_ground")
def test_a_drill_that_does_not_come_to_what_is_expected_fails(tmp_path: Path) -> None:
    """Also that which was never to happen: the event that is gone is missed."""
    file = tmp_path / "game.toml"
    file.write_text(SHORT.replace("orders_failed = 0", "orders_failed = 1").replace('kind = "fail"', 'kind = "badjwt"'))
    done = CliRunner().invoke(command, [str(file), "--policy", "as-built"], catch_exceptions=False)
    assert done.exit_code == 1
    assert "2 of 3 hold" in done.output
    file.write_text(SHORT.replace("starts = 15:25:00\nends", "starts = 15:25:50\nends"))
    done = CliRunner().invoke(command, [str(file), "--policy", "as-built"], catch_exceptions=False)
    assert done.exit_code == 1, "without the attack's first orders there is no alert in time"
    assert "1 of 3 hold" in done.output


def test_a_person_at_the_terminal_responds_and_is_scored(ground: Cluster) -> None:
    said: list[str] = []

    async def respond(responder: Responder) -> bool:
        """Types after the page, and at the end leaves."""
        lines: asyncio.Queue[str] = asyncio.Queue()
        player = asyncio.ensure_future(game.Player(said.append, lines).respond(responder))
        await responder.pages.number(1)
        for pause, line in ((60, "a"), (1, "x"), (59, "n <b>looking</b>"), (60, "p"), (1, "m"), (5, "q")):
            await asyncio.sleep(pause)
            lines.put_nowait(line)
        return await player

    loaded = scenario.load("incident-2025-04-08")
    measured = virtual.run(loaded, "as-it-was", ground, respond)
    result = game.score(measured.figures)
    assert (result.acknowledged_seconds, result.mitigated_seconds) == (60, pytest.approx(360, abs=5))
    assert result.customers_hurt == measured.figures.diners_affected == measured.figures.mailed == 7
    assert result.points == 100 - 35 - 14
    assert "Your phone: CRITICAL" in "\n".join(said)
    assert "Problem resolved. Pizza is back on the menu!" in said[-2]
    assert measured.report is not None
    assert "<b>" not in measured.report
    assert game.score(msgspec.structs.replace(measured.figures, mitigated_at=None)).points == 0


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("bad-pizzas", time(12, 2, 40)),
        ("connection-leak", time(12, 2)),
        ("postgresql-restart", time(12, 2, 30)),
        ("provider-down", time(12, 4, 30)),
        ("slow-factory", time(18, 2, 40)),
    ][: thorough(5, few=3)],
)
def test_other_days(ground: Cluster, name: str, ends: time) -> None:
    """As built each of them holds what it expects."""
    shortened = msgspec.structs.replace(scenario.load(name), ends=ends)
    shortened = msgspec.structs.replace(shortened, traffic=_until(shortened, ends))
    measured = virtual.run(shortened, "as-built", ground)
    bad = [each for each in verdict.judge(shortened.as_built.expect, measured.figures) if not each.good]
    assert not bad, measured.figures


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("every = 20", "every = 0", "line 10: traffic[0].every: expected float > 0.0"),
        ('kind = "fail"', 'kind = "fall"', "line 13: attacks[0].kind: invalid enum value 'fall'"),
        ('policy = "factory"\n', 'policy = "factory"\nallert-after = 3\n', "as-built: object contains unknown field"),
        ("ends = 15:26:00\n\n[[traffic]]", "ends = 15:20:00\n\n[[traffic]]", "ends must be after starts"),
        ("at = 15:25:30", "after = 3", "as-built.actions[0]: it needs either at or page"),
        ("day = 2025-04-08", "day = 8.4.2025", "line 3"),
        ("orders_failed = 0", "orders_faild = 0", "as-built.expect.orders_faild: there is no such figure"),
        ('alert_at = "15:25"', 'alert_at = 3', "as-built.expect.alert_at: write a number"),
        ("orders_failed = 0", 'orders_failed = "15:25"', "as-built.expect.orders_failed: write a number"),
        ("orders_failed = 0", "orders_failed = true", "a figure is a number or a time, never true or false"),
    ],
)  # fmt: skip
def test_a_broken_file_says_where(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "broken.toml"
    assert old in SHORT
    file.write_text(SHORT.replace(old, new))
    done = CliRunner().invoke(command, [str(file)])
    assert done.exit_code == 1
    assert str(file) in str(done.exception)
    assert message in str(done.exception)


def test_an_unknown_scenario_is_told_which_there_are() -> None:
    done = CliRunner().invoke(command, ["incident-2025"])
    assert "unknown scenario incident-2025" in str(done.exception)
    assert all(name in str(done.exception) for name in scenario.names())
    assert len(scenario.names()) >= 6


def _until(loaded: Scenario, ends: time) -> Any:
    return tuple(
        msgspec.structs.replace(part, ends=min(part.ends, ends)) for part in loaded.traffic if part.starts < ends
    )


def _minute(moment: str) -> str:
    return moment[11:16]
