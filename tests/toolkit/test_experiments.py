"""The shipped experiments, by the real `chaos run` against a running system."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jwt_pizza.kit import embedded
from jwt_pizza.toolkit import actions, probes
from jwt_pizza.toolkit.target import NoTarget
from tests import places

DEADLINE = 60
EXPERIMENTS = sorted((Path(__file__).parents[2] / "experiments").glob("*.json"))
CHAOS = str(Path(sys.executable).with_name("chaos"))


@dataclass
class System:
    environment: dict[str, str]
    configuration: dict[str, str]
    scratch: Path

    def start(self, experiment: Path) -> "subprocess.Popen[str]":
        self.journal.unlink(missing_ok=True)
        argv = [CHAOS, "--no-version-check", "--no-log-file", "run", "--journal-path", str(self.journal)]
        return subprocess.Popen(
            [*argv, str(experiment)],
            env=self.environment,
            cwd=self.scratch,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A suite that runs in the background may be deaf to it, and its children with it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    def ended(self, run: "subprocess.Popen[str]") -> dict[str, Any]:
        """The journal."""
        said, _ = run.communicate(timeout=DEADLINE)
        assert self.journal.exists(), said
        journal: dict[str, Any] = json.loads(self.journal.read_text())
        return journal

    @property
    def journal(self) -> Path:
        return self.scratch / "journal.json"


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    root = places.folder()
    environment = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    environment |= {
        "JWT_PIZZA_DATA_DIR": str(root / "data"),
        "JWT_PIZZA_LOG_LEVEL": "error",
        "JWT_PIZZA_POLICY": "factory",
        "JWT_PIZZA_LEASE_LEAK_SECONDS": "0.5",
        "JWT_PIZZA_LEASE_RECLAIM_SECONDS": "3",
    }
    argv = [sys.executable, "-m", "jwt_pizza", "up", "--port", "0", "--ops-port", "0", "--workers", "2"]
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = re.search(r"ready: shop (\S+)", process.stdout.readline())
    assert ready is not None
    configuration = {"url": ready[1], "data_dir": str(root / "data")}
    yield System(environment | {"JWT_PIZZA_URL": ready[1]}, configuration, root)
    process.terminate()
    process.wait(DEADLINE)
    process.stdout.close()
    assert embedded.running(root / "data") is None
    shutil.rmtree(root)


def test_the_five_experiments_are_shipped() -> None:
    assert [file.stem for file in EXPERIMENTS] == [
        "bad-pizzas",
        "connection-leak",
        "factory-fail",
        "postgresql-restart",
        "throttle",
    ]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda file: file.stem)
def test_experiment_holds_and_leaves_no_attack_behind(system: System, experiment: Path) -> None:
    journal = system.ended(system.start(experiment))
    # The toolkit calls a run completed even if an activity of its method failed.
    failed = [
        (run["activity"]["name"], run.get("exception"))
        for run in [*journal["run"], *journal["rollbacks"]]
        if run["status"] != "succeeded"
    ]
    assert failed == []
    assert (journal["status"], journal["deviated"]) == ("completed", False), journal["steady_states"]
    assert journal["steady_states"]["after"]["steady_state_met"]
    assert len(journal["rollbacks"]) == len(json.loads(experiment.read_text())["rollbacks"])
    assert probes.attacks_on(system.configuration) == []


@pytest.mark.parametrize("configuration", [None, {}, {"url": "", "data_dir": "/tmp"}])
def test_nothing_is_called_unless_the_experiment_names_its_target(
    configuration: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_PIZZA_URL", "http://127.0.0.1:1")
    for activity in (actions.stop_attacks, actions.stop_leak, actions.kill_postgres, probes.orders_succeed):
        with pytest.raises(NoTarget):
            activity(configuration=configuration)


@pytest.mark.parametrize("how", ["fails", "is interrupted"])
def test_rollbacks_run_also_when_the_method(system: System, how: str) -> None:
    """And the attack that it had started is over."""
    experiment = json.loads((EXPERIMENTS[0].parent / "factory-fail.json").read_text())
    # The hypothesis is met at once, so that only the method decides.
    experiment["steady-state-hypothesis"]["probes"] = experiment["steady-state-hypothesis"]["probes"][:1]
    attack, load, _ = experiment["method"]
    load["provider"]["arguments"] = {"rate": 5, "seconds": 0.4 if how == "fails" else 30, "at_least": 1.1}
    experiment["method"] = [attack, load]
    changed = system.scratch / "changed.json"
    changed.write_text(json.dumps(experiment))
    run = system.start(changed)
    if how == "is interrupted":
        wait_for_attack(system)
        run.send_signal(signal.SIGINT)
    journal = system.ended(run)
    if how == "is interrupted":
        assert journal["status"] == "interrupted"
    else:
        assert [each["status"] for each in journal["run"]] == ["succeeded", "failed"]
    assert [each["status"] for each in journal["rollbacks"]] == ["succeeded"]
    assert probes.attacks_on(system.configuration) == []


def wait_for_attack(system: System) -> None:
    ends_at = time.monotonic() + DEADLINE
    while not probes.attacks_on(system.configuration):
        assert time.monotonic() < ends_at
        time.sleep(0.1)
