"""Schemathesis over the schema of ops: what is documented is what is answered, whatever is sent."""

import asyncio
import sys
from pathlib import Path

from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import office
from tests.places import thorough
from tests.web.test_schema import CHECKS

# It would log out, take away the role or the person that it all runs as; `/` is also a page, calendars are no JSON,
# and of amends and impact the shop would have to answer.
LEFT_OUT = (
    "--exclude-path=/",
    "--exclude-name=DELETE /api/auth",
    "--exclude-name=PUT /api/people/{person_id}",
    "--exclude-name=DELETE /api/people/{person_id}",
    "--exclude-path-regex=/calendar/|/incidents/[^/]+/(amends|impact)",
)


async def test_answers_are_as_the_schema_says_whatever_is_sent(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        arguments = [
            "run",
            f"{made.ops.url}/schema/openapi.json",
            f"--header=Authorization: Bearer {made.ada}",
            f"--checks={','.join(CHECKS)}",
            "--phases=examples,fuzzing",
            f"--max-examples={thorough(8, few=4)}",
            "--seed=7",
            "--generation-database=none",
            "--request-timeout=10",
            # How often made-up data fit is no property of ours.
            "--suppress-health-check=all",
            "--no-color",
            *LEFT_OUT,
        ]
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("schemathesis")),
            *arguments,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        report, _ = await asyncio.wait_for(process.communicate(), 240)
        assert process.returncode == 0, report.decode()[-6000:]
