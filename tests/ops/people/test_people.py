"""People and teams over the API."""

import asyncio
from pathlib import Path

import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import ADA, GRACE, LINUS, PASSWORD, Office, office


async def test_manager_adds_somebody_who_logs_in(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        body = {"name": "Barbara", "email": "Barbara@example.com", "password": PASSWORD, "timeZone": "America/Denver"}
        added = await made.good("POST", "/api/people", body)
        assert (added["role"], added["timeZone"]) == ("responder", "America/Denver")
        assert await made.ops.log_in("barbara@example.com", PASSWORD)
        people = await made.good("GET", "/api/people", token=made.grace)
        assert [person["name"] for person in people] == ["Ada", "Grace", "Linus", "Barbara"]
        again = {**body, "email": "BARBARA@example.com"}
        assert await made.refused("POST", "/api/people", again) == (409, "somebody with that email exists already")
        events = await postgres.fetch("test", "SELECT actor, data->>'change' AS change FROM ops.events ORDER BY id")
        assert (events[-1]["actor"], events[-1]["change"]) == (f"person:{made.ids[ADA]}", "added as responder")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": " "}, "name is required"),
        ({"name": "x" * 101}, "name must have at most 100 characters"),
        ({"name": "a\nb"}, "name must not contain control characters"),
        ({"name": "B", "email": "no address"}, "email must look like name@example.com"),
        ({"name": "B", "email": "b@example.com", "password": "short"}, "password must have at least 8 characters"),
        ({"name": "B", "password": PASSWORD}, "a password needs an email to log in with"),
        ({"name": "B", "timeZone": "Mars"}, "the time zone must be a name such as Europe/Berlin or UTC"),
        ({"name": "B", "timeZone": "../../etc/passwd"}, "the time zone must be a name such as Europe/Berlin or UTC"),
    ],
)
async def test_nonsense_is_refused(
    database_url: str, postgres: Postgres, tmp_path: Path, body: dict[str, str], message: str
) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        assert await made.refused("POST", "/api/people", body) == (400, message)


async def test_responder_changes_only_themselves_and_not_their_role(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        own, other = f"/api/people/{made.ids[GRACE]}", f"/api/people/{made.ids[LINUS]}"
        changed = await made.good("PUT", own, {"name": "Admiral Grace", "timeZone": "Asia/Tokyo"}, token=made.grace)
        assert (changed["name"], changed["timeZone"], changed["email"]) == ("Admiral Grace", "Asia/Tokyo", GRACE)
        for method, path, body in [
            ("PUT", own, {"role": "manager"}),
            ("PUT", other, {"name": "x"}),
            ("GET", other, None),
            ("DELETE", other, None),
            ("POST", "/api/people", {"name": "x"}),
            ("POST", "/api/teams", {"name": "x"}),
            ("POST", f"{other}/contacts", {"channel": "email", "address": GRACE}),
            ("PUT", f"{other}/rules", {"default": [], "important": []}),
        ]:
            assert (await made.call(method, path, body, token=made.grace)).status == 403, path
        taken = await made.refused("PUT", own, {"email": ADA.upper()}, token=made.grace)
        assert taken == (409, "somebody with that email exists already")


async def test_somebody_always_manages(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    """Also when the two that are left step down at the same moment."""
    async with office(database_url, postgres, tmp_path) as made:
        alone = (409, "nobody else manages: make somebody else a manager first")
        ada, grace = f"/api/people/{made.ids[ADA]}", f"/api/people/{made.ids[GRACE]}"
        assert await made.refused("PUT", ada, {"role": "responder"}) == alone
        assert await made.refused("DELETE", ada) == alone
        await made.good("PUT", grace, {"role": "manager"})
        for _ in range(8):
            stepped_down = await asyncio.gather(
                made.call("PUT", ada, {"role": "responder"}),
                made.call("PUT", grace, {"role": "responder"}, token=made.grace),
            )
            assert sorted(answer.status for answer in stepped_down) == [200, 409]
            left = made.grace if stepped_down[0].status == 200 else made.ada
            back = ada if stepped_down[0].status == 200 else grace
            await made.good("PUT", back, {"role": "manager"}, token=left)


async def test_person_who_is_still_named_is_not_removed(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        linus = made.ids[LINUS]
        team = await made.good("POST", "/api/teams", {"name": "Kitchen", "members": [linus, linus, made.ids[ADA]]})
        assert team["members"] == [made.ids[ADA], linus]
        steps = f'[{{"kind": "notify-people", "personIds": [{linus}]}}]'
        await postgres.execute(
            "test", "INSERT INTO ops.chains (team_id, name, steps) VALUES ($1, 'Pager', $2)", team["id"], steps
        )
        path = f"/api/people/{linus}"
        refused = (409, "the person is still named by chain Pager, team Kitchen: take it out there first")
        assert await made.refused("DELETE", path) == refused
        named = (409, "the team is still named by chain Pager: take it out there first")
        assert await made.refused("DELETE", f"/api/teams/{team['id']}") == named
        await made.good("PUT", f"/api/teams/{team['id']}", {"members": []})
        await postgres.execute("test", "UPDATE ops.chains SET removed_at = now()")
        token = await made.ops.log_in(LINUS, PASSWORD)
        assert (await made.good("DELETE", path))["message"] == "person removed"
        assert (await made.call("GET", "/api/me", token=token)).status == 401
        assert (await made.call("PUT", "/api/auth", {"email": LINUS, "password": PASSWORD})).status == 404
        assert await made.refused("DELETE", path) == (404, "unknown person")
        assert await made.refused("GET", path) == (404, "unknown person")
        nobody = await made.refused("PUT", f"/api/teams/{team['id']}", {"members": [linus]})
        assert nobody == (400, f"there is no person {linus}")
        assert (await made.good("POST", "/api/people", {"name": "Linus", "email": LINUS}))["id"] != linus
        assert (await made.good("DELETE", f"/api/teams/{team['id']}"))["message"] == "team removed"


async def test_teams(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        team = await made.good("POST", "/api/teams", {"name": "Kitchen"})
        taken = (409, "a team of that name exists already")
        assert await made.refused("POST", "/api/teams", {"name": "KITCHEN"}) == taken
        other = await made.good("POST", "/api/teams", {"name": "Bar"})
        assert await made.refused("PUT", f"/api/teams/{other['id']}", {"name": "kitchen"}) == taken
        renamed = await made.good("PUT", f"/api/teams/{team['id']}", {"name": "Oven", "members": [made.ids[GRACE]]})
        assert renamed == {"id": team["id"], "name": "Oven", "members": [made.ids[GRACE]]}
        assert renamed in await made.good("GET", "/api/teams", token=made.grace)
        assert await made.refused("PUT", "/api/teams/999", {"name": "x"}) == (404, "unknown team")
        assert await made.refused("DELETE", "/api/teams/999") == (404, "unknown team")


CALLS = [
    ("GET", "/api/me"),
    ("DELETE", "/api/auth"),
    ("GET", "/api/people"),
    ("POST", "/api/people"),
    ("GET", "/api/people/1"),
    ("PUT", "/api/people/1"),
    ("DELETE", "/api/people/1"),
    ("PUT", "/api/people/1/rules"),
    ("POST", "/api/people/1/contacts"),
    ("DELETE", "/api/contacts/1"),
    ("POST", "/api/contacts/1/code"),
    ("POST", "/api/contacts/1/verification"),
    ("GET", "/api/teams"),
    ("POST", "/api/teams"),
    ("PUT", "/api/teams/1"),
    ("DELETE", "/api/teams/1"),
]


async def test_nothing_is_told_to_strangers(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    bodies = {
        "/api/people": {"name": "x"},
        "/api/people/1/rules": {"default": [], "important": []},
        "/api/people/1/contacts": {"channel": "sms", "address": "+4915112345678"},
        "/api/contacts/1/verification": {"code": "1"},
        "/api/teams": {"name": "x"},
        "/api/people/1": {},
        "/api/teams/1": {},
    }
    async with office(database_url, postgres, tmp_path) as made:
        for method, path in CALLS:
            body = bodies.get(path) if method in {"POST", "PUT"} else None
            for headers in (
                {},
                {"Authorization": "Bearer x"},
                {"Authorization": "Basic x"},
                {"Cookie": "ops_session=x"},
            ):
                answer = await made.ops.call(method, path, body, headers=headers)
                assert answer.status == 401, (method, path, headers, answer.text)
        await hostile_bodies(made)


async def hostile_bodies(made: Office) -> None:
    for method, path in CALLS:
        if method in {"POST", "PUT"} and not path.endswith("/code"):
            for data in (b"", b"{", b"[]", b'"x"', b"null", b'{"name": 7}' if "auth" not in path else b"7", b"\xff"):
                answer = await made.ops.call(method, path, token=made.ada, data=data)
                assert 400 <= answer.status < 500, (method, path, data, answer.text)
    for path in ("/api/people/0", "/api/people/99999999999999999999", "/api/people/x"):
        assert (await made.call("GET", path)).status in {400, 404}
