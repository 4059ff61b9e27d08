"""A newcomer's first alert arrives on the built-in phone."""

import asyncio
from pathlib import Path

from jwt_pizza.apps.ops import demo
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from tests.running import running_ops


async def test_the_first_alert_of_the_one_command_run_is_on_the_phone(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    await demo.seed(postgres, SystemClock())
    await demo.seed(postgres, SystemClock())
    async with running_ops(database_url, data_dir=tmp_path, demo=True) as ops:
        alert = {"labels": {"alertname": "OrdersFail", "severity": "critical"}, "annotations": {"summary": "12 failed"}}
        assert (await ops.call("POST", "/api/v2/alerts", [alert])).status == 200
        sent = "SELECT count(*) FROM ops.notifications WHERE sent_at IS NOT NULL AND channel = 'sms'"
        async with asyncio.timeout(10):
            while not await postgres.fetchval("test", sent):
                await asyncio.sleep(0.02)
        page = await ops.call("GET", "/phone", headers={"Accept": "text/html"})
        assert "CRITICAL: 12 failed" in page.text
        assert await ops.log_in(demo.EMAIL, demo.PASSWORD)
