"""Accounts over HTTP."""

import asyncio
import time

import pytest

from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.accounts.store import PostgresThrottle
from tests.running import Answer, Running, claims, running_shop

ADMIN = ("a@jwt.com", "admin")


async def me(shop: Running, token: str | None) -> Answer:
    return await shop.call("GET", "/api/user/me", token=token)


async def test_register_answers_with_the_new_diner_and_a_token(shop: Running) -> None:
    body = {"name": "Ada 🍕", "email": "Ada@Example.com", "password": "a", "roles": [{"role": "admin"}]}
    answer = await shop.call("POST", "/api/auth", body)
    assert answer.status == 200
    user, token = answer.json["user"], answer.json["token"]
    assert answer.json == {"user": user, "token": token}
    assert user == {"id": user["id"], "name": "Ada 🍕", "email": "Ada@Example.com", "roles": [{"role": "diner"}]}
    assert isinstance(user["id"], int)
    assert token.count(".") == 2
    assert claims(token)["exp"] > time.time()
    assert (await me(shop, token)).json == user


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "a", "email": "x@jwt.com"},
        {"name": "a", "password": "a"},
        {"email": "x@jwt.com", "password": "a"},
        {"name": "", "email": "x@jwt.com", "password": "a"},
        {"name": "a", "email": "x@jwt.com", "password": ""},
        {"name": "a", "email": None, "password": "a"},
    ],
)
async def test_register_needs_name_email_and_password(shop: Running, body: object) -> None:
    answer = await shop.call("POST", "/api/auth", body)
    assert (answer.status, answer.json) == (400, {"message": "name, email, and password are required"})


async def test_an_email_belongs_to_one_user_without_regard_to_case(shop: Running) -> None:
    answer = await shop.call("POST", "/api/auth", {"name": "x", "email": "D@JWT.COM", "password": "a"})
    assert answer.status == 409
    assert list(answer.json) == ["message"]


async def test_without_demo_data_a_password_has_at_least_eight_characters(database_url: str) -> None:
    async with running_shop(database_url, demo=False) as shop:
        short = await shop.call("POST", "/api/auth", {"name": "x", "email": "x@jwt.com", "password": "1234567"})
        long = await shop.call("POST", "/api/auth", {"name": "x", "email": "x@jwt.com", "password": "12345678"})
    assert (short.status, long.status) == (400, 200)
    assert "8" in short.message


async def test_log_in_answers_like_register(shop: Running) -> None:
    answer = await shop.call("PUT", "/api/auth", {"email": "F@jwt.com", "password": "franchisee"})
    assert answer.status == 200
    user = answer.json["user"]
    assert list(answer.json) == ["user", "token"]
    assert user["name"] == "pizza franchisee"
    assert user["email"] == "f@jwt.com"
    assert user["roles"] == [{"role": "diner"}, {"role": "franchisee", "objectId": 1}]
    assert set(user) == {"id", "name", "email", "roles"}


@pytest.mark.parametrize("body", [{}, {"email": "d@jwt.com"}, {"email": "d@jwt.com", "password": ""}])
async def test_no_password_never_logs_in(shop: Running, body: object) -> None:
    answer = await shop.call("PUT", "/api/auth", body)
    assert answer.status == 400
    assert list(answer.json) == ["message"]


async def test_a_wrong_password_and_an_unknown_user_are_told_apart_by_nothing(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor by time: a hash takes tens of milliseconds, everything else a few, so both must cost one."""
    checked: list[str] = []
    verify = Passwords._verify

    def counted(passwords: Passwords, hashed: str, password: str) -> bool:
        checked.append(hashed)
        return verify(passwords, hashed, password)

    monkeypatch.setattr(Passwords, "_verify", counted)
    answers = []
    for email in ("d@jwt.com", "nobody@jwt.com"):
        answers.append(await shop.call("PUT", "/api/auth", {"email": email, "password": "wrong"}))
        assert len(checked) == len(answers)
    assert {answer.status for answer in answers} == {404}
    assert [answer.json for answer in answers] == [{"message": "unknown user"}] * 2
    assert {hashed.rpartition("$")[0].rpartition("$")[0] for hashed in checked} == {"$argon2id$v=19$m=19456,t=2,p=1"}


async def test_an_email_logs_in_however_its_accents_are_composed(shop: Running) -> None:
    await shop.register("Zoë", "zo\u00eb@jwt.com")
    assert await shop.log_in("ZOE\u0308@jwt.com", "a")


async def test_a_logged_out_token_is_dead_at_once(shop: Running) -> None:
    token, other = await shop.log_in(), await shop.log_in()
    headers = {"Content-Type": "application/json"}
    answer = await shop.call("DELETE", "/api/auth", token=token, headers=headers)
    assert (answer.status, answer.json) == (200, {"message": "logout successful"})
    answer = await me(shop, token)
    assert (answer.status, answer.json) == (401, {"message": "unauthorized"})
    assert (await shop.order(token)).status == 401
    assert (await shop.call("DELETE", "/api/auth", token=token)).status == 401
    assert (await me(shop, other)).status == 200, "another session of the same user goes on"


GUARDED = [
    ("DELETE", "/api/auth", None),
    ("GET", "/api/user/me", None),
    ("GET", "/api/user", None),
    ("PUT", "/api/user/2", {}),
    ("DELETE", "/api/user/2", None),
    ("PUT", "/api/order/menu", {"title": "a", "description": "a", "image": "a", "price": 1}),
    ("GET", "/api/order", None),
    ("POST", "/api/order", {"franchiseId": 1, "storeId": 1, "items": [{"menuId": 1}]}),
    ("PUT", "/api/order/chaos/true", None),
    ("GET", "/api/franchise/3", None),
    ("POST", "/api/franchise", {"name": "x", "admins": []}),
    ("DELETE", "/api/franchise/1", None),
    ("POST", "/api/franchise/1/store", {"name": "x"}),
    ("DELETE", "/api/franchise/1/store/1", None),
]


async def test_every_guarded_call_needs_a_valid_token(shop: Running) -> None:
    for method, path, body in GUARDED:
        for headers in (
            {},
            {"Authorization": "Bearer "},
            {"Authorization": "Basic YTpi"},
            {"Authorization": "nonsense"},
        ):
            answer = await shop.call(method, path, body, headers=headers)
            assert (answer.status, answer.json) == (401, {"message": "unauthorized"}), (method, path)


async def test_update_changes_only_what_was_sent_and_gives_a_fresh_token(shop: Running) -> None:
    user_id, token = await shop.register("Ada", "ada@jwt.com")
    path = f"/api/user/{user_id}"
    answer = await shop.call("PUT", path, {"name": "Ada L."}, token=token)
    assert answer.status == 200
    assert set(answer.json) == {"user", "token"}
    assert answer.json["user"] == {
        "id": user_id,
        "name": "Ada L.",
        "email": "ada@jwt.com",
        "roles": [{"role": "diner"}],
    }
    fresh = answer.json["token"]
    assert fresh != token
    assert claims(fresh)["exp"] > time.time()
    assert (await me(shop, fresh)).json["name"] == "Ada L."
    answer = await shop.call(
        "PUT", path, {"email": "ADA2@jwt.com", "id": "7", "roles": [{"role": "admin"}]}, token=fresh
    )
    assert answer.json["user"] == {
        "id": user_id,
        "name": "Ada L.",
        "email": "ADA2@jwt.com",
        "roles": [{"role": "diner"}],
    }
    assert await shop.log_in("ada2@jwt.com", "a"), "the password stays"


async def test_two_logins_of_one_second_get_two_tokens(shop: Running) -> None:
    tokens = [await shop.log_in() for _ in range(3)]
    assert len(set(tokens)) == 3


async def test_only_oneself_and_administrators_update(shop: Running) -> None:
    token = await shop.log_in()
    for user_id in (1, 3, 999_999):
        answer = await shop.call("PUT", f"/api/user/{user_id}", {"name": "mine"}, token=token)
        assert (answer.status, answer.json) == (403, {"message": "unauthorized"})
    assert (await me(shop, await shop.log_in(*ADMIN))).json["name"] == "常用名字"


async def test_a_changed_password_ends_the_other_sessions_but_not_ones_own(shop: Running) -> None:
    user_id, token = await shop.register("Ada", "ada@jwt.com", "old")
    other = await shop.log_in("ada@jwt.com", "old")
    assert (await shop.order(other)).status == 200, "the server remembers the session"
    answer = await shop.call("PUT", f"/api/user/{user_id}", {"password": "new"}, token=token)
    assert answer.status == 200
    assert (await me(shop, other)).status == 401
    assert (await shop.order(other)).status == 401
    assert (await me(shop, token)).status == 200
    assert (await me(shop, answer.json["token"])).status == 200
    old = await shop.call("PUT", "/api/auth", {"email": "ada@jwt.com", "password": "old"})
    assert (old.status, old.message) == (404, "unknown user")
    assert await shop.log_in("ada@jwt.com", "new")


async def test_a_taken_email_is_refused(shop: Running) -> None:
    user_id, token = await shop.register("Ada", "ada@jwt.com")
    answer = await shop.call("PUT", f"/api/user/{user_id}", {"name": "B", "email": "A@JWT.com"}, token=token)
    assert answer.status == 409
    assert (await me(shop, token)).json["name"] == "Ada", "nothing of it was written"
    same = await shop.call("PUT", f"/api/user/{user_id}", {"email": "ADA@jwt.com"}, token=token)
    assert same.status == 200, "one's own address is not taken"


async def test_an_administrator_who_edits_somebody_stays_themselves(shop: Running) -> None:
    admin = await shop.log_in(*ADMIN)
    user_id, token = await shop.register("Ada", "ada@jwt.com")
    answer = await shop.call("PUT", f"/api/user/{user_id}", {"name": "Grace", "password": "new"}, token=admin)
    assert answer.json["user"]["id"] == user_id
    assert (await me(shop, answer.json["token"])).json["email"] == "a@jwt.com"
    assert (await me(shop, token)).status == 401, "a password that somebody else set ends every session"
    assert await shop.log_in("ada@jwt.com", "new")
    assert (await shop.call("PUT", "/api/user/999999", {"name": "x"}, token=admin)).status == 404


async def test_administrators_page_and_filter_users(shop: Running) -> None:
    for number in range(12):
        await shop.register(f"Page {number:02d}", f"page{number}@jwt.com")
    await shop.register("100% _real_ \\o/", "percent@jwt.com")
    admin = await shop.log_in(*ADMIN)

    async def page(query: str) -> tuple[list[str], bool]:
        answer = await shop.call("GET", f"/api/user?{query}", token=admin)
        assert answer.status == 200, answer.text
        assert set(answer.json) == {"users", "more"}
        for user in answer.json["users"]:
            assert set(user) == {"id", "name", "email", "roles"}
        return [user["name"] for user in answer.json["users"]], answer.json["more"]

    assert await page("page=1&limit=10&name=Page*") == ([f"Page {n:02d}" for n in range(10)], True)
    assert await page("page=2&limit=10&name=Page*") == (["Page 10", "Page 11"], False)
    assert await page("page=1&limit=12&name=page*") == ([f"Page {n:02d}" for n in range(12)], False)
    assert (await page(""))[1] is True
    assert len((await page(""))[0]) == 10
    assert await page("name=100%25*") == (["100% _real_ \\o/"], False)
    assert await page("name=*_real_*") == (["100% _real_ \\o/"], False)
    assert await page("name=*%5Co*") == (["100% _real_ \\o/"], False)
    assert await page("name=P_ge*") == ([], False)
    assert await page("name=P%25") == ([], False)
    assert await page("name=Page") == ([], False), "without a wildcard it is the whole name"
    for query in ("page=0", "page=-1", "limit=0", "limit=1000000", "page=x", "limit=1.5", "page=9999999999999999999"):
        answer = await shop.call("GET", f"/api/user?{query}", token=admin)
        assert answer.status == 400
        assert list(answer.json) == ["message"]
    for email, password in (("d@jwt.com", "diner"), ("f@jwt.com", "franchisee"), ("oncall@jwt.com", "oncall")):
        answer = await shop.call("GET", "/api/user", token=await shop.log_in(email, password))
        assert (answer.status, answer.json) == (403, {"message": "unauthorized"})


async def test_a_deleted_user_is_gone_and_the_books_are_not(shop: Running, postgres: Postgres) -> None:
    user_id, token = await shop.register("Ada Lovelace", "ada@jwt.com")
    other = await shop.log_in("ada@jwt.com", "a")
    order = (await shop.order(other)).json["order"]
    diner = await shop.log_in()
    answer = await shop.call("DELETE", f"/api/user/{user_id}", token=diner)
    assert (answer.status, answer.json) == (403, {"message": "unauthorized"})
    answer = await shop.call("DELETE", f"/api/user/{user_id}", token=token)
    assert (answer.status, answer.json) == (200, {"message": "user deleted"})
    for dead in (token, other):
        assert (await me(shop, dead)).status == 401
        assert (await shop.order(dead)).status == 401
    assert (await shop.call("PUT", "/api/auth", {"email": "ada@jwt.com", "password": "a"})).status == 404
    row = await postgres.fetchrow("test", "SELECT status::text, total, jwt FROM shop.orders WHERE id = $1", order["id"])
    assert row is not None
    assert tuple(row) == ("fulfilled", 380_000, None)
    for table in ("users", "orders", "sessions", "roles", "order_items"):
        dump = await postgres.fetchval("test", f"SELECT coalesce(string_agg(t::text, ' '), '') FROM shop.{table} t")
        assert "ada" not in dump.lower(), table
    admin = await shop.log_in(*ADMIN)
    for method in ("DELETE", "PUT"):
        assert (await shop.call(method, f"/api/user/{user_id}", {}, token=admin)).status == 404
    again, _ = await shop.register("Ada", "ada@jwt.com")
    assert again != user_id, "the address is free again"


async def test_an_administrator_deletes_anybody(shop: Running) -> None:
    user_id, token = await shop.register("Ada", "ada@jwt.com")
    admin = await shop.log_in(*ADMIN)
    answer = await shop.call("DELETE", f"/api/user/{user_id}", token=admin)
    assert (answer.status, answer.json) == (200, {"message": "user deleted"})
    assert (await me(shop, token)).status == 401


async def test_repeated_failures_lock_an_account_for_a_while(shop: Running, postgres: Postgres) -> None:
    """Ten failures are looked at; further attempts are refused, the right password included, until the window ends."""
    wrong = {"email": "D@jwt.com", "password": "wrong"}
    answers = await asyncio.gather(*(shop.call("PUT", "/api/auth", wrong) for _ in range(14)))
    looked_at = sum(answer.status == 404 for answer in answers)
    assert 10 <= looked_at <= 11, "at most one beside the tenth was under way"
    assert {answer.status for answer in answers} == {404, 429}
    refused = await shop.call("PUT", "/api/auth", {"email": "d@jwt.com", "password": "diner"})
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 300
    assert list(refused.json) == ["message"]
    assert await shop.log_in(*ADMIN), "others log in meanwhile"
    await postgres.execute("test", "UPDATE shop.login_throttle SET ends_at = now() - interval '1 second'")
    assert await shop.log_in()


async def test_a_good_login_forgets_the_failures_before_it(shop: Running) -> None:
    for _ in range(3):
        for _ in range(8):
            await shop.call("PUT", "/api/auth", {"email": "d@jwt.com", "password": "wrong"})
        assert await shop.log_in()


async def test_an_address_is_limited_over_all_accounts_and_good_logins_do_not_count(database_url: str) -> None:
    async with running_shop(database_url, login_failures_per_address=4) as shop:
        for _ in range(8):
            await shop.log_in()
        statuses = [
            (await shop.call("PUT", "/api/auth", {"email": f"nobody{n}@jwt.com", "password": "x"})).status
            for n in range(6)
        ]
        assert statuses == [404] * 4 + [429] * 2


async def test_logins_and_guesses_at_one_moment_do_not_lock_each_other_out(postgres: Postgres) -> None:
    """Statements touch the account's and the address's row in one order, or they would deadlock."""
    throttle, now = PostgresThrottle(postgres), SystemClock().now()

    async def log_in() -> None:
        for _ in range(40):
            await throttle.charge(["address:b", "account:a"], now, now)
            await throttle.clear("account:a")

    await asyncio.gather(*(log_in() for _ in range(5)))


async def test_a_storm_of_logins_is_told_to_come_back(database_url: str) -> None:
    async with running_shop(database_url, hash_waiting=0, hash_threads=1) as shop:
        body = {"email": "d@jwt.com", "password": "diner"}
        answers = await asyncio.gather(*(shop.call("PUT", "/api/auth", body) for _ in range(16)))
        refused = [answer for answer in answers if answer.status == 503]
        assert {answer.status for answer in answers} == {200, 503}
        assert {answer.headers["Retry-After"] for answer in refused} == {"2"}
        assert "too many logins" in refused[0].message
