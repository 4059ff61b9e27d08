"""Drills in the console and over HTTP, played by the real command."""

import asyncio
from pathlib import Path
from typing import Any

from jwt_pizza.kit.postgres import Postgres
from tests.drill.test_drill import SHORT
from tests.ops.office import GRACE, PASSWORD, Office, office
from tests.visitor import visiting


async def test_an_engineer_starts_drills_and_reads_what_they_came_to(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path) as made, visiting(made.ops.url) as engineer:
        assert (await engineer.get("/drills", follow=False)).location == "/login?next=%2Fdrills"
        await engineer.log_in(GRACE, PASSWORD)
        page = await engineer.get("/drills?copy=bad-pizzas")
        assert "Chaos at the factory, as on 8 April 2025" in page.text
        assert "badjwt" in page.text, "a copy to begin with"
        forms = {form.fields.get("scenario", "own"): form for form in page.forms() if form.action == "/drills"}
        own = forms["own"]
        refused = await engineer.submit(own, source=" ", name="Friday")
        assert (refused.status, "A scenario is TOML of at most 64 KB." in refused.text) == (400, True)
        assert (await engineer.submit(forms["bad-pizzas"], way="backwards")).status == 400
        forged = page.form("/drills")
        forged.fields["form"] = "forged"
        assert (await engineer.submit(forged)).status == 403
        wrong = await engineer.submit(own, source=SHORT.replace("every = 20", "every = 0"), name="Friday")
        broken = await _over(made, int(wrong.path.rpartition("/")[2]))
        assert broken["problem"] == "scenario.toml, line 10: traffic[0].every: expected float > 0.0"
        started = await engineer.submit(own, source=SHORT, name="<b>Friday</b>", way="as-built")
        number = int(started.path.rpartition("/")[2])
        done = await _over(made, number)
        assert (done["state"], done["askedBy"]) == ("done", f"person:{made.ids[GRACE]}")
        assert ["orders failed", ["0"]] in [[row["measure"], row["values"]] for row in done["result"]["rows"]]
        shown = await engineer.get(f"/drills/{number}")
        assert "3 of 3 hold" in shown.text
        assert "&lt;b&gt;Friday&lt;/b&gt;" in shown.text
        saved = await engineer.get(f"/drills/{number}/report.md")
        assert saved.text.startswith("# A minute of chaos")
        assert "every = 20" in (await engineer.get(f"/drills?copy={number}")).text


async def test_a_program_starts_one_and_stops_it(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        unknown = await made.refused("POST", "/api/drills", {"scenario": "nothing"})
        assert unknown[0] == 400
        assert "there are bad-pizzas, connection-leak" in unknown[1]
        assert (await made.refused("PUT", "/api/drills/7/stop"))[0] == 404
        plan = {"scenario": "incident-2025-04-08", "manner": "live", "way": "as-built"}
        started = (await made.call("POST", "/api/drills", plan)).json
        while not (running := await made.good("GET", f"/api/drills/{started['id']}"))["log"]:
            await asyncio.sleep(0.05)
        assert running["state"] == "running"
        await made.good("PUT", f"/api/drills/{started['id']}/stop")
        stopped = await _over(made, started["id"])
        assert (stopped["state"], stopped["result"]) == ("stopped", None)
        assert [drill["id"] for drill in await made.good("GET", "/api/drills")] == [started["id"]]


async def _over(made: Office, number: int) -> Any:
    while (drill := await made.good("GET", f"/api/drills/{number}"))["state"] in {"waiting", "running"}:
        await asyncio.sleep(0.05)
    return drill
