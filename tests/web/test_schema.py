"""Schemathesis over the API's own schema: what is documented is what is answered, whatever is sent."""

import asyncio
import sys
from pathlib import Path

from tests.places import thorough
from tests.running import Running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# Chaos makes orders fail with 500 on purpose; a logout or a deletion would end the session that it all runs in.
LEFT_OUT = (
    "--exclude-path-regex=chaos",
    "--exclude-name=DELETE /api/auth",
    "--exclude-name=DELETE /api/user/{user_id}",
)


async def test_answers_are_as_the_schema_says_whatever_is_sent(shop: Running, tmp_path: Path) -> None:
    token = await shop.log_in("a@jwt.com", "admin")
    arguments = [
        "run",
        f"{shop.url}/schema/openapi.json",
        f"--header=Authorization: Bearer {token}",
        f"--checks={','.join(CHECKS)}",
        "--phases=examples,coverage,fuzzing",
        f"--max-examples={thorough(20, few=8)}",
        "--seed=7",
        "--generation-database=none",
        "--request-timeout=10",
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
    report, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, report.decode()[-6000:]


async def test_every_call_documents_how_it_fails(shop: Running) -> None:
    schema = (await shop.call("GET", "/schema/openapi.json")).json
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            content = operation["responses"]["default"]["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Failure"}, (method, path)
            # Only a failure that is no JSON is told apart.
            for status, answer in operation["responses"].items():
                assert status < "400" or status == "default" or "application/json" not in answer["content"]
