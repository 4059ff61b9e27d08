"""What the incident went through, end to end: an alert, a text, a link, quiet."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import ADA
from tests.ops.paging.station import PAGE, PHONES, Station, link_of, station
from tests.ops.twilio import FROM


@pytest.fixture
async def on_duty(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Station]:
    async with station(database_url, postgres, tmp_path) as made:
        yield made


async def test_alert_is_texted_and_acknowledged_by_the_link_in_the_text(on_duty: Station) -> None:
    await on_duty.fire()
    text = await on_duty.texted()
    assert (text.to, text.form["From"], text.form["ValidityPeriod"]) == (PHONES[ADA], FROM, "280")
    assert text.body.startswith("CRITICAL: 12 of 12 orders failed in 60 s. Since ")
    assert len(text.body) <= 160
    assert text.form["StatusCallback"].startswith("http://ops.test/twilio/twilio/status?message=page-")
    page = await on_duty.ops.call("GET", link_of(text), headers=PAGE)
    assert page.status == 200
    assert 'value="acknowledge"' in page.text
    assert (await on_duty.group())["status"] == "firing", "looking changes nothing"
    done = await on_duty.ops.call(
        "POST",
        link_of(text),
        data=b"action=acknowledge",
        headers={**PAGE, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert done.status == 200
    assert "Acknowledged." in done.text
    group = await on_duty.group()
    assert (group["status"], group["acknowledgedBy"]) == ("acknowledged", f"person:{on_duty.office.ids[ADA]}")
    again = await on_duty.ops.call(
        "POST",
        link_of(text),
        data=b"action=acknowledge",
        headers={**PAGE, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert "This link has done that already." in again.text
