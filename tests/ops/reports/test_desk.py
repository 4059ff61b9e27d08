"""Reports as people use them: over HTTP, on the console's page, saved in versions."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.events.model import Event
from jwt_pizza.ops.events.store import PostgresEvents
from tests.ops.office import ADA, PASSWORD, Office, office
from tests.ops.reports import golden
from tests.visitor import Form, visiting

AWAY = "http://127.0.0.1:1"


async def declared(made: Office) -> int:
    answer = await made.good("POST", "/api/incidents", {"title": "Orders <fail>", "severity": "major"})
    return int(answer["id"])


async def test_a_report_is_read_written_and_published(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    """The shop is away, so that the report says so and has no chart; all else is as the log has it."""
    async with office(database_url, postgres, tmp_path, url=AWAY, report_zone="America/Denver") as made:
        number = await declared(made)
        path = f"/api/incidents/{number}/report"
        failed = datetime.now(UTC) - timedelta(seconds=90)
        title = f"Incident: {failed.astimezone(ZoneInfo('America/Denver')):%Y-%m-%d %H-%M-%S}"
        await PostgresEvents(postgres).record(
            [
                Event(at=failed, fact=golden.happening("orders.failing", outcome="charged")),
                Event(at=failed, fact=golden.happening("chaos.started", kind="fail")),
            ]
        )
        first = await made.good("GET", path)
        assert first["title"] == title and first["version"]["version"] == 0
        assert "could not be asked yet" in first["markdown"] and "chaos attack of the kind fail" in first["markdown"]

        words = {"sections": {"root-cause": "A bug, found by Grace."}, "shown": [], "version": 0}
        saved = await asyncio.gather(*(made.call("PUT", path, words) for _ in range(3)))
        assert sorted(answer.status for answer in saved) == [200, 409, 409]
        assert "version 1" in next(answer.message for answer in saved if answer.status == 409)
        # Made anew it keeps what people wrote, and roles stand for names.
        again = (await made.good("GET", path))["markdown"]
        assert "A bug, found by an engineer." in again and "chaos attack of the kind fail" in again
        await made.good("PUT", path, words | {"version": 1, "sections": {"prevention": "More ovens."}})
        assert (await made.call("PUT", path, words | {"version": 7})).status == 409, "nobody has seen that one"
        assert [line["version"] for line in await made.good("GET", f"{path}/versions")] == [2, 1]
        assert "A bug, found by" in (await made.good("GET", f"{path}/versions/1"))["markdown"]
        assert "A bug, found by" not in (await made.good("GET", path))["markdown"]

        text = await made.call("GET", f"{path}.md?public=true")
        assert text.headers["Content-Type"] == "text/markdown; charset=utf-8" and "More ovens." in text.text
        paper = await made.call("GET", f"{path}.html")
        assert "<style>" in paper.text and "More ovens." in paper.text and "<fail>" not in paper.text

        assert (await made.call("PUT", path, words | {"version": 2, "sections": {"weather": "x"}})).status == 400
        assert (await made.call("PUT", path, words | {"version": 2, "sections": {"summary": "\0"}})).status == 400
        assert (await made.call("GET", "/api/incidents/99/report")).status == 404
        assert (await made.call("GET", f"{path}/versions/9")).status == 404
        assert (await made.ops.call("GET", f"{path}.md")).status == 401
        assert (await made.call("POST", f"{path}/publication", token=made.grace)).status == 403
        assert (await made.refused("POST", f"{path}/publication"))[0] == 409
        update = {"status": "resolved", "text": "Pizzas come again.", "title": "Orders failed"}
        await made.good("POST", f"/api/incidents/{number}/updates", update)
        await made.good("POST", f"{path}/publication")
        board = await made.good("GET", f"/api/incidents/{number}/updates")
        assert "More ovens." in board["report"]


async def test_the_page_saves_and_keeps_what_was_typed_in_a_conflict(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path, url=AWAY, report_zone="America/Denver") as made:
        number = await declared(made)
        path = f"/incidents/{number}/report"
        async with visiting(made.ops.url) as visitor:
            assert "/login" in (await visitor.get(path)).path
            await visitor.log_in(ADA, PASSWORD)
            page = await visitor.get(path)
            form = page.form(path)
            assert "Root cause" in page.text and form.fields["version"] == "0"
            assert "can trigger the attack again" not in page.text
            assert "The log holds no cause." in page.text.partition("<article")[0], "it begins with what is suggested"
            left = {"prevention": "The log does not tell whether this can happen again. Whoever knows writes it here."}
            words = left | {"root-cause": "Because <b>", f"shown-{made.ids[ADA]}": "on"}
            typed = Form(path, "post", {"form": form.fields["form"], "version": "0", **words})
            preview = await visitor.submit(typed, do="preview")
            assert preview.status == 200 and "<p>Because &lt;b&gt;</p>" in preview.text
            assert await made.good("GET", f"/api{path}/versions") == []
            saved = await visitor.submit(typed, follow=False, do="save")
            assert (saved.status, saved.location) == (303, path)
            typed.fields["root-cause"] = "Mine"
            stale = await visitor.submit(typed, do="save")
            assert stale.status == 409 and ">Mine</textarea>" in stale.text and "version 1" in stale.text
            assert (await made.good("GET", f"/api{path}"))["version"]["words"] == {
                "sections": {"root-cause": "Because <b>"},
                "shown": [made.ids[ADA]],
            }
            typed.fields["form"] = "forged"
            assert (await visitor.submit(typed, do="save")).status == 403
            paper = await visitor.get(f"{path}/print")
            assert "/static/report.css" in paper.text and "<style>" not in paper.text
