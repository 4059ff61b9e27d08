"""Incidents by hand: in a browser without JavaScript, and on the command line."""

import asyncio
import re
from pathlib import Path

from click.testing import CliRunner

from jwt_pizza.cli.incident import command
from jwt_pizza.kit.postgres import Postgres
from tests.ops.incidents.scene import Scene, scene
from tests.ops.office import ADA, GRACE, PASSWORD
from tests.visitor import Page, Visitor, visiting

NASTY = "Orders <script>alert(1)</script> [link](javascript:x) **fail**"


async def test_people_handle_an_incident(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with scene(database_url, postgres, tmp_path, incident_severity="never") as made:
        async with visiting(made.office.ops.url) as engineer:
            await engineer.log_in(ADA, PASSWORD)
            await _declares(made, engineer)
            await _is_refused(engineer)
            await _writes_down(engineer)
        terminal = Terminal(made, database_url)
        await _gives_amends(made, terminal)
        await _merges(terminal)


async def _declares(made: Scene, engineer: Visitor) -> None:
    await made.attack()
    await made.dine(2, status=500)
    page = await engineer.get("/incidents")
    assert "No incident is open." in page.text
    refused = await engineer.submit(page.form("/incidents"), title=" ", started="yesterday")
    assert (refused.status, 'role="alert"' in refused.text) == (400, True)
    page = await engineer.submit(page.form("/incidents"), title=NASTY)
    assert page.path == "/incidents/1"
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    page = await engineer.submit(page.form("/incidents/1/measure"))
    assert "2 of 2 (100 %)" in page.text
    assert "0.0160 BTC" in page.text
    csv = await engineer.get("/incidents/1/orders.csv")
    assert csv.text.count("charged,2,0.0080 BTC,no") == 2
    group = await made.fire("factory-failing", "warning")
    page = await engineer.submit(page.form("/incidents/1/link"), group=str(group))
    assert f"Alert group {group} is part of it" in page.text
    page = await engineer.submit(page.form("/incidents/1/acknowledge"))
    assert "Ada acknowledged the incident in the console." in page.text
    assert "Ada is commander." in page.text


async def _is_refused(engineer: Visitor) -> None:
    page = await engineer.get("/incidents/1")
    for verb, fields, status in [
        ("link", {"group": "999"}, 404),
        ("merge", {"into": "1"}, 400),
        ("merge", {"into": "99"}, 404),
        ("merge", {"into": "x"}, 400),
        ("rename", {"title": "\x07"}, 400),
        ("role", {"role": "commander", "person": "999"}, 400),
        ("follow-up", {"text": "x", "due": "soon"}, 400),
        ("add", {"kind": "poem", "text": "x"}, 400),
        ("add", {"kind": "artefact", "text": "x", "more": ""}, 400),
    ]:
        action = f"/incidents/1/{verb}"
        refused = await engineer.submit(page.form(action), **fields)
        assert (refused.status, 'role="alert"' in refused.text) == (status, True), (verb, fields)
    form = page.form("/incidents/1/resolve")
    form.fields["form"] = "forged"
    assert (await engineer.submit(form)).status == 403
    form = page.form("/incidents/1/resolve")
    form.action = "/incidents/1/review"
    assert "it must be resolved to be reviewed" in (await engineer.submit(form)).text
    form.action = "/incidents/1/delete"
    assert (await engineer.submit(form)).status == 404
    for path in ("/incidents/999", "/incidents/99999999999999999999", "/incidents/999/orders.csv"):
        assert (await engineer.get(path)).status == 404


async def _writes_down(engineer: Visitor) -> None:
    page = await engineer.get("/incidents/1")
    add = page.form("/incidents/1/add")
    await engineer.submit(add, kind="note", text="no computer at hand", more="six minutes <b>lost</b>")
    await engineer.submit(add, kind="artefact", text="the failing answer", more='{"message": "</pre><script>"}')
    await engineer.submit(add, kind="command", text="systemctl restart shop", more="done")
    await engineer.submit(add, kind="deployment", text="shop", more="1.2.3")
    page = await engineer.submit(page.form("/incidents/1/run"), action="stop-chaos")
    page = await engineer.submit(page.form("/incidents/1/follow-up"), text="Move the factory in", due="2025-05-01")
    page = await engineer.submit(page.form("/incidents/1/follow-up"), state="done")
    told = _timeline(page)
    for line in (
        "Ada noted: no computer at hand\nsix minutes &lt;b&gt;lost&lt;/b&gt;",
        "Ada ran systemctl restart shop: done",
        "Ada deployed shop 1.2.3.",
        "Ada stopped all chaos: 1 attack on the factory ended, and connections do not leak on purpose any more.",
        "To be done: Move the factory in, until 2025-05-01",
        "Ada says it is done: Move the factory in",
    ):
        assert any(line in each for each in told), line
    assert "&lt;/pre&gt;&lt;script&gt;" in page.text
    page = await engineer.submit(page.form("/incidents/1/resolve"))
    assert '<span class="status resolved">' in page.text
    assert '<span class="status resolved">' in (await engineer.get("/incidents?state=resolved")).text


def _timeline(page: Page) -> list[str]:
    return [
        re.sub(r"<(?!/?b>)[^>]+>", "", line).strip()
        for line in re.findall(r'<li class="[a-z-]+">(.*?)</li>', page.text, re.S)
    ]


class Terminal:
    def __init__(self, made: Scene, database_url: str) -> None:
        self._environment = {
            "JWT_PIZZA_OPS_URL": made.office.ops.url,
            "DATABASE_URL": database_url,
            "COLUMNS": "200",
        }

    async def type(self, *words: str, typed: str | None = None) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, command, list(words), typed, self._environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output


async def _gives_amends(made: Scene, terminal: Terminal) -> None:
    assert "no incident is open" in await terminal.type("list")
    assert NASTY in await terminal.type("list", "--state", "all")
    assert "2 of 2 (100%)" in await terminal.type("impact", "1")
    assert "amends awaiting approval: 0 of 2 diners" in await terminal.type("amends", "plan", "1")
    await terminal.type("amends", "approve", "1")
    given = await terminal.type("amends", "give", "1")
    assert "amends done: 2 of 2 diners, 0.0160 BTC of 0.0160 BTC refunded, 2 vouchers, 2 letters sent" in given
    assert "2/2" in given
    assert len(made.mailbox.ids()) == 2
    await terminal.type("note", "1", "--confirmation", "nobody is affected")
    await terminal.type("note", "1", "--artefact", "health", "--more", "-", typed="ready\n")
    await terminal.type("role", "1", "scribe", GRACE)
    await terminal.type("follow-up", "add", "1", "Write to diners", "--owner", GRACE, "--due", "2025-05-02")
    await terminal.type("severity", "1", "minor")
    assert "(minor)" in await terminal.type("review", "1")
    shown = await terminal.type("show", "1")
    for text in (
        "Command line kept as evidence: health",
        "Grace is scribe.",
        "Command line confirmed: nobody is affected",
        "approved amends for 2 diners",
        "Command line closed the review.",
    ):
        assert text in shown, shown


async def _merges(terminal: Terminal) -> None:
    """Reviewed, an incident stays as it is; one that claims the same orders finds them made good."""
    other = await terminal.type("declare", "The same again", "--severity", "major")
    assert other.startswith("incident 2 (major) The same again: triggered")
    assert "mitigated" in await terminal.type("mitigate", "2", "--because", "seen in the metrics")
    third = await terminal.type("declare", "And again")
    assert third.startswith("incident 3 ")
    merged = await terminal.type("merge", "3", "2")
    assert merged.startswith("incident 2 (major) The same again: mitigated")
    assert "The same again" in await terminal.type("acknowledge", "2")
    await terminal.type("resolve", "2")
