"""The dashboards as committed are those of their code, and say what they mean."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from jwt_pizza.ops.telemetry.model import Chart
from observability import dashboards

BOARDS = [json.loads(text) for file, text in dashboards.generated() if file.parent.name == "dashboards"]


def panels() -> Iterator[Any]:
    for board in BOARDS:
        for panel in board["panels"]:
            if panel["type"] != "row":
                name = f"{board['uid']}: {panel['title']}"
                yield pytest.param(panel, id=name)


def test_the_committed_files_are_the_generated_ones() -> None:
    for file, text in dashboards.generated():
        assert file.read_text(encoding="utf-8") == text, f"{file.name} is stale: run `make dashboards`"
    folder = dashboards.HOME / "grafana" / "dashboards"
    assert set(folder.iterdir()) == {file for file, _ in dashboards.generated() if file.parent == folder}


def test_the_links_of_alerts_and_watch_lead_to_them() -> None:
    assert {board["uid"] for board in BOARDS} == {f"jwt-pizza-{chart}" for chart in get_args(Chart)}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["uid"]))
def test_a_question_is_answered_by_the_first_row(board: Any) -> None:
    first, *rest = board["panels"]
    assert first["title"].endswith("?")
    row = [panel for panel in rest if panel["gridPos"]["y"] == 1]
    assert {panel["type"] for panel in row} == {"stat"}
    assert sum(panel["gridPos"]["w"] for panel in row) == 24


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["uid"]))
def test_no_two_panels_overlap(board: Any) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("panel", list(panels()))
def test_a_panel_has_a_unit_and_says_what_to_make_of_it(panel: Any) -> None:
    assert panel["description"].endswith("."), panel["title"]
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] != "state-timeline":
        assert defaults["unit"]
    for target in panel["targets"]:
        assert target["expr"]
        assert target["datasource"]["uid"] == "${datasource}"
