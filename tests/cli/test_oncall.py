"""`jwt-pizza oncall` against a running ops, logged in through its database."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jwt_pizza.cli import group
from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import ADA, GRACE, PASSWORD, office
from tests.running import running_ops

WIDE = {"COLUMNS": "300"}


async def run(environment: dict[str, str], *words: str, typed: str | None = None) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, group, ["oncall", *words], env=WIDE | environment, input=typed)


async def good(environment: dict[str, str], *words: str, typed: str | None = None) -> str:
    result = await run(environment, *words, typed=typed)
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result.output


async def test_first_manager_and_everybody_after(database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url}
    words = ("people", "add", "--first", "--name", "Ada", "--email", ADA, "--time-zone", "Europe/Berlin")
    assert "may log in" in await good(environment, *words, typed=f"{PASSWORD}\n{PASSWORD}\n")
    again = await run(environment, *words, "--password", PASSWORD)
    assert "there are people already" in str(again.exception)
    async with running_ops(database_url, data_dir=tmp_path) as ops:
        assert await ops.log_in(ADA, PASSWORD)
        environment |= {"JWT_PIZZA_OPS_URL": ops.url}
        added = await good(environment, "people", "add", "--name", "Grace", "--email", GRACE, "--no-password")
        assert "Grace is person" in added
        listed = await good(environment, "people", "list")
        assert "Europe/Berlin" in listed
        assert "command line" not in listed
        sent = await good(environment, "people", "contact", "grace", "email", "g@pager.example")
        assert "a code was sent" in sent
        shown = await good(environment, "people", "show", GRACE)
        assert "not verified" in shown
        [mail] = (tmp_path / "outbox").glob("*.eml")
        code = next(line for line in mail.read_text().splitlines() if "is your code" in line)[:6]
        number = sent.split(":")[0].removeprefix("contact ")
        assert "is verified" in await good(environment, "people", "verify", number, code)
        assert "contact removed" in await good(environment, "people", "drop-contact", number)
        assert "person removed" in await good(environment, "people", "remove", "Grace")
        nobody = await run(environment, "people", "show", "Grace")
        assert "nobody is called Grace" in str(nobody.exception)


async def test_schedules_overrides_and_who(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        environment = {"DATABASE_URL": database_url, "JWT_PIZZA_OPS_URL": made.ops.url}
        assert "there are no schedules" in await good(environment, "who")
        team = await made.good("POST", "/api/teams", {"name": "Kitchen"})
        layer = {"unit": "week", "starts": "2026-01-05T09:00", "people": [made.ids[GRACE], made.ids[ADA]]}
        file = tmp_path / "primary.json"
        file.write_text(
            json.dumps({"teamId": team["id"], "name": "Primary", "timeZone": "Europe/Berlin", "layers": [layer]})
        )
        assert "Primary is schedule" in await good(environment, "schedules", "add", str(file))
        who = await good(environment, "who", "--at", "2026-06-02T12:00Z")
        assert "Ada" in who
        assert "Mon 8 Jun 09:00 Europe/Berlin (07:00 UTC)" in who
        span = ("--from", "2098-06-02T12:00Z", "--until", "2098-06-02T14:00+02:00")
        backwards = await run(environment, "override", "add", "primary", *span, "--person", "linus")
        assert "the end must be after the beginning" in str(backwards.exception)
        span = ("--from", "2098-06-02T12:00Z", "--until", "2098-06-02T18:00+02:00")
        assert "is made" in await good(
            environment, "override", "add", "primary", *span, "--person", "linus", "--instead-of", "all"
        )
        listed = await good(environment, "override", "list", "primary")
        assert "whoever it is" in listed
        assert "command line" in listed
        shifts = await good(
            environment,
            "schedules",
            "shifts",
            "primary",
            "--since",
            "2098-06-02T00:00Z",
            "--until",
            "2098-06-03T00:00Z",
        )
        assert "Linus" in shifts
        number = next(line for line in listed.splitlines() if "Linus" in line).split()[1].strip("│ ")
        assert "override removed" in await good(environment, "override", "remove", number)
        assert "2 layers" not in await good(environment, "schedules", "list")
        history = await good(environment, "schedules", "history", "primary")
        assert "Grace" in history or "Ada" in history
        feed = (await good(environment, "schedules", "feed", "primary")).strip()
        assert (await made.ops.call("GET", feed)).status == 200
        renewed = (await good(environment, "schedules", "feed", "primary", "--renew")).strip()
        assert renewed != feed
        file.write_text(json.dumps({"layers": []}))
        assert "is changed" in await good(environment, "schedules", "change", "primary", str(file))
        assert "nobody" in await good(environment, "who")
        assert "schedule removed" in await good(environment, "schedules", "remove", "primary")
        gone = await run(environment, "schedules", "remove", "primary")
        assert "there is no schedule primary" in str(gone.exception)


async def test_coverage_exits_with_1_when_somebody_would_not_be_paged(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        environment = {"DATABASE_URL": database_url, "JWT_PIZZA_OPS_URL": made.ops.url}
        result = await run(environment, "coverage", "--days", "2")
        assert result.exit_code == 1
        assert "no alert pages anybody" in result.output
        as_json = await run(environment, "coverage", "--json")
        assert json.loads(as_json.output)["covered"] is False


async def test_token_that_was_set_is_used(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        environment = {"JWT_PIZZA_OPS_URL": made.ops.url, "JWT_PIZZA_DATA_DIR": str(tmp_path)}
        refused = await run(environment | {"JWT_PIZZA_ONCALL_TOKEN": "x"}, "people", "list")
        assert "a valid JWT_PIZZA_ONCALL_TOKEN" in str(refused.exception)
        environment |= {"JWT_PIZZA_ONCALL_TOKEN": made.grace}
        assert "Grace" in await good(environment, "people", "list")
        # It is not ended: it is not the command's own.
        assert "Grace" in await good(environment, "people", "list")
        forbidden = await run(environment, "people", "remove", "Ada")
        assert "only a manager may do this" in str(forbidden.exception)


@pytest.mark.parametrize("words", [("who",), ("people", "list"), ("coverage",)])
async def test_nobody_answers(database_url: str, words: tuple[str, ...]) -> None:
    environment = {"DATABASE_URL": database_url, "JWT_PIZZA_OPS_URL": "http://127.0.0.1:1"}
    result = await run(environment, *words)
    assert "no ops answers at http://127.0.0.1:1" in str(result.exception)


@pytest.mark.parametrize("moment", ["yesterday", "2026-06-05T05:14", "2026-13-01T00:00Z"])
async def test_moment_that_is_none_is_refused(moment: str) -> None:
    result = await run({}, "who", "--at", moment)
    assert result.exit_code == 2
