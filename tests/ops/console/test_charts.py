"""The charts that alerts link to: every one that a rule names is there, and shows what processes counted."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from jwt_pizza.kernel.vitals import Machine, Pool
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.console.charts import Section, drawn
from jwt_pizza.ops.telemetry.fleet import Fleet, View, delivered
from jwt_pizza.ops.telemetry.model import Chart
from tests.clocks import HandClock
from tests.ops.fleets import Worker
from tests.ops.office import ADA, PASSWORD
from tests.ops.paging.station import Station, station
from tests.visitor import visiting


@pytest.fixture
async def on_duty(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Station]:
    async with station(database_url, postgres, tmp_path) as made:
        yield made


def told() -> View:
    """Two minutes of orders, the last ten seconds of which fail while connections run out."""
    clock = HandClock()
    fleet, shop = Fleet(), Worker(clock)
    for second in range(120):
        shop.orders(fulfilled=0 if second >= 110 else 3, charged=2 if second >= 110 else 0)
        shop.is_(
            pool=Pool(name="shop", limit=10, reserved=3, used=9 if second >= 110 else 2, idle=0, waiting=4),
            machine=Machine(cpu=1.0, memory=100_000_000, files=9, loop_lag=0.25),
        )
        clock.pass_(1)
        fleet.take(shop.snapshot(), clock.monotonic())
        fleet.view(clock.monotonic())
    return View(fleet, clock.monotonic())


def section(view: View, key: str) -> Section:
    return next(found for found in drawn(view) if found.key == key)


def test_columns_add_up_to_what_was_counted() -> None:
    view = told()
    columns = view.series(delivered, 10)
    assert len(columns) == 60
    assert sum(columns) == 330
    assert columns[-1] == 0
    assert columns[:48] == [0] * 48


def test_charts_show_failures_and_connections() -> None:
    view = told()
    orders = section(view, "service")
    assert "20 bad" in orders.charts[0].about
    assert {bar.tone for bar in orders.charts[0].bars if bar.x == 590} == {"bad"}
    connections = section(view, "connections")
    assert ("In use now", "9 of 10") in connections.figures
    assert all(0 <= bar.y <= 100 and bar.height <= 100 for bar in connections.charts[0].bars)
    assert section(view, "processes").charts[0].most == "250"


def test_nothing_yet_is_drawn_as_nothing() -> None:
    for found in drawn(View(Fleet(), 1000.0)):
        assert all(chart.bars == [] for chart in found.charts)


async def test_every_chart_that_a_rule_names_has_its_place_on_the_page(on_duty: Station) -> None:
    async with visiting(on_duty.ops.url) as engineer:
        stranger = await engineer.get("/charts", follow=False)
        assert (stranger.status, stranger.location) == (303, "/login?next=%2Fcharts")
        await engineer.log_in(ADA, PASSWORD)
        page = await engineer.get("/charts")
    assert set(re.findall(r'<section class="card" id="(\w+)"', page.text)) == set(get_args(Chart))
