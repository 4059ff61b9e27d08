"""Logging in to ops, over the API and in a browser."""

from pathlib import Path
from typing import Any

import pytest

from jwt_pizza.apps.ops import demo
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.people.login import Door
from jwt_pizza.ops.people.model import Credentials, Limits
from tests.clocks import HandClock
from tests.ops.office import ADA, GRACE, PASSWORD, office
from tests.running import running_ops
from tests.visitor import visiting


async def test_log_in_look_log_out(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        signed_in = await made.good("PUT", "/api/auth", {"email": " ADA@example.com ", "password": PASSWORD})
        person = {
            "id": made.ids[ADA],
            "name": "Ada",
            "email": ADA,
            "role": "manager",
            "timeZone": "Europe/Berlin",
        }
        assert signed_in["person"] == person
        token = signed_in["token"]
        assert await made.good("GET", "/api/me", token=token) == person
        assert (await made.good("DELETE", "/api/auth", token=token))["message"] == "logout successful"
        assert await made.refused("GET", "/api/me", token=token) == (401, "unauthorized")
        assert await made.refused("DELETE", "/api/auth", token=token) == (401, "unauthorized")
        assert (await made.call("GET", "/api/me")).status == 200


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"email": "nobody@example.com", "password": PASSWORD}, 404, "unknown user"),
        ({"email": ADA, "password": "wrong"}, 404, "unknown user"),
        ({"email": ADA, "password": "x" * 1025}, 404, "unknown user"),
        ({"email": "a\0@example.com", "password": "x"}, 404, "unknown user"),
        ({"email": "a" * 300, "password": "x"}, 404, "unknown user"),
        ({"email": ADA}, 400, "email and password are required"),
        ({"email": "  ", "password": "x"}, 400, "email and password are required"),
        ({}, 400, "email and password are required"),
    ],
)
async def test_who_is_not_let_in(
    database_url: str, postgres: Postgres, tmp_path: Path, body: dict[str, str], status: int, message: str
) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        assert await made.refused("PUT", "/api/auth", body) == (status, message)


async def test_password_is_looked_at_for_unknown_people_too(postgres: Postgres) -> None:
    """Their addresses cannot be told apart by the time that it takes."""
    looked: list[str | None] = []

    class Watched:
        def turn(self) -> Any:
            return postgres.lease("turn")

        async def matches(self, hashed: str | None, password: str) -> bool:
            looked.append(hashed)
            return False

    class Empty:
        async def credentials(self, email_key: str) -> Credentials | None:
            return None

        async def counts(self, subjects: list[str], at: object) -> list[tuple[int, object]]:
            return [(0, at), (0, at)]

        async def charge(self, *_: object) -> list[tuple[int, object]]:
            return []

    empty: Any = Empty()
    watched: Any = Watched()
    door = Door(empty, empty, empty, watched, Limits(), HandClock())
    with pytest.raises(Exception, match="unknown user"):
        await door.log_in("nobody@example.com", "x", "1.2.3.4")
    assert looked == [None]


async def test_failures_are_limited_for_an_account_and_an_address(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(
        database_url, postgres, tmp_path, login_failures_per_account=2, login_failures_per_address=3
    ) as made:
        wrong = {"email": ADA, "password": "wrong"}
        for _ in range(2):
            assert (await made.call("PUT", "/api/auth", wrong)).status == 404
        limited = await made.call("PUT", "/api/auth", {"email": ADA, "password": PASSWORD})
        assert limited.status == 429
        assert 1 <= int(limited.headers["Retry-After"]) <= 300
        assert (await made.call("PUT", "/api/auth", {"email": GRACE, "password": PASSWORD})).status == 200
        assert (await made.call("PUT", "/api/auth", {"email": GRACE, "password": "wrong"})).status == 404
        assert (await made.call("PUT", "/api/auth", {"email": GRACE, "password": PASSWORD})).status == 429


async def test_session_ends_by_itself_and_its_token_is_not_stored(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path, session_hours=0.001) as made:
        assert (await made.call("GET", "/api/me")).status == 200
        hashes = [row["token_hash"] for row in await postgres.fetch("test", "SELECT token_hash FROM ops.sessions")]
        assert made.ada.encode() not in b"".join(hashes)
        await postgres.execute("test", "UPDATE ops.sessions SET expires_at = now() - interval '1 second'")
        assert (await made.call("GET", "/api/me")).status == 401


async def test_new_password_ends_other_sessions_only(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        other = await made.ops.log_in(GRACE, PASSWORD)
        path = f"/api/people/{made.ids[GRACE]}"
        await made.good("PUT", path, {"password": "another one"}, token=made.grace)
        assert (await made.call("GET", "/api/me", token=made.grace)).status == 200
        assert (await made.call("GET", "/api/me", token=other)).status == 401
        assert (await made.call("PUT", "/api/auth", {"email": GRACE, "password": PASSWORD})).status == 404
        await made.good("PUT", path, {"password": "a third one"})
        assert (await made.call("GET", "/api/me", token=made.grace)).status == 401


async def test_browser_logs_in_and_out(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made, visiting(made.ops.url) as visitor:
        page = await visitor.get("/login?next=/schema")
        form = page.form("/login")
        wrong = await visitor.submit(form, email=ADA, password="wrong")
        assert (wrong.status, "Nobody has this email and password" in wrong.text) == (401, True)
        arrived = await visitor.submit(wrong.form("/login"), password=PASSWORD, follow=False)
        assert (arrived.status, arrived.location) == (303, "/schema")
        assert visitor.cookie("ops_session")
        assert visitor.cookie("pizza_session") is None
        again = await visitor.get("/login?next=//evil.example", follow=False)
        assert (again.status, again.location) == (303, "/")


async def test_newcomer_logs_in_to_the_demo_with_one_tap(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    await demo.seed(postgres, SystemClock())
    async with running_ops(database_url, data_dir=tmp_path, demo=True) as ops, visiting(ops.url) as visitor:
        page = await visitor.get("/login?next=/people")
        [button] = [form for form in page.forms() if form.fields.get("email") == demo.EMAIL]
        arrived = await visitor.submit(button)
        assert (arrived.path, demo.NAME in arrived.text) == ("/people", True)
    async with running_ops(database_url, data_dir=tmp_path) as ops, visiting(ops.url) as visitor:
        assert demo.EMAIL not in (await visitor.get("/login")).text, "where people are real"


async def test_form_of_another_site_is_refused(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made, visiting(made.ops.url) as visitor:
        form = (await visitor.get("/login")).form("/login")
        token = form.fields.pop("form")
        stolen = await visitor.submit(form, email=ADA, password=PASSWORD)
        assert stolen.status == 403
        form.fields["form"] = token
        crossed = await visitor.submit(form, email=ADA, password=PASSWORD, headers={"Sec-Fetch-Site": "cross-site"})
        assert crossed.status == 403


async def test_cookie_reads_the_api_but_changes_nothing(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    """What a browser sends by itself must not be enough to act."""
    async with office(database_url, postgres, tmp_path) as made:
        cookie = {"Cookie": f"ops_session={made.ada}"}
        assert (await made.ops.call("GET", "/api/me", headers=cookie)).status == 200
        added = await made.ops.call("POST", "/api/teams", {"name": "x"}, headers=cookie)
        assert added.status == 401
        assert (await made.ops.call("DELETE", f"/api/people/{made.ids[GRACE]}", headers=cookie)).status == 401
