"""A storm begins with empty tables, and the plans of that hour must not last through it."""

import json
from typing import Any, Final

from jwt_pizza.kit.postgres import Connection, Postgres
from jwt_pizza.ops.alerts.writing import SQL

MANY: Final = 5000
FILL: Final = """
INSERT INTO ops.alerts
    (group_id, fingerprint, status, source, labels, annotations, generator_url, starts_at, last_seen_at, stale_at)
SELECT 1, 'alert ' || n, 'firing', 'test', '{}', '{}', '', now(), now(), now() FROM generate_series(1, $1) AS n
"""


async def test_questions_about_alerts_never_go_through_all_that_fires(database_url: str) -> None:
    pool = await Postgres(database_url, name="test", size=2, replan=True).open()
    try:
        async with pool.lease("test") as connection:
            for name in ("peek", "firing", "earlier"):
                await connection.execute(f"PREPARE {name} AS {SQL[name]}")
                for _ in range(8):
                    await connection.execute(_executed(name))
            await connection.execute(FILL, MANY)
            for name in ("peek", "firing"):
                assert await _passed_over(connection, name) == 0, name
            await connection.execute("UPDATE ops.alerts SET status = 'resolved', how = 'source'")
            assert await _passed_over(connection, "earlier") == 0
    finally:
        await pool.close()


def _executed(name: str) -> str:
    told = ", ".join(f"'alert {n}'" for n in range(50))
    since = ", '-infinity'" if name == "earlier" else ""
    return f"EXECUTE {name}(ARRAY[{told}]{since})"


async def _passed_over(connection: Connection, name: str) -> int:
    """Rows that were read for nothing."""
    told = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {_executed(name)}")
    return _removed(json.loads(told)[0]["Plan"])


def _removed(node: dict[str, Any]) -> int:
    own = int(node.get("Rows Removed by Filter", 0)) * int(node["Actual Loops"])
    return own + sum(_removed(child) for child in node.get("Plans", ()))
