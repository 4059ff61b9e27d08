from datetime import UTC, datetime, timedelta, timezone

import pytest

from jwt_pizza.kernel.clock import SystemClock, iso


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 6, 5, 5, 14, 40, tzinfo=UTC), "2024-06-05T05:14:40.000Z"),
        (datetime(2024, 6, 5, 5, 14, 40, 999_999, tzinfo=UTC), "2024-06-05T05:14:40.999Z"),
        (datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2023-12-31T23:00:00.000Z"),
    ],
)
def test_dates_are_written_in_utc_with_milliseconds(moment: datetime, text: str) -> None:
    assert iso(moment) == text


async def test_the_systems_clock_is_aware_and_monotonic() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.monotonic() >= before
