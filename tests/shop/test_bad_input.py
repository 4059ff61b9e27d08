"""Hostile requests: always a 4xx in JSON that says what to change, never a stack, nothing written."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import product

import msgspec
import pytest

from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.jwt import EllipticKey, SharedSecret
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.accounts.store import PostgresAccounts
from jwt_pizza.shop.ledger.store import PostgresLedger
from tests.running import Answer, Running

GOOD: dict[tuple[str, str], dict[str, object]] = {
    ("POST", "/api/auth"): {"name": "Eve", "email": "eve@jwt.com", "password": "eve"},
    ("PUT", "/api/auth"): {"email": "d@jwt.com", "password": "diner"},
    ("PUT", "/api/user/1"): {"name": "Eve", "email": "eve@jwt.com", "password": "eve"},
    ("PUT", "/api/order/menu"): {"title": "Eve", "description": "eve", "image": "eve.png", "price": 0.001},
    ("POST", "/api/order"): {"franchiseId": 1, "storeId": 1, "items": [{"menuId": 1, "description": "x", "price": 1}]},
    ("POST", "/api/franchise"): {"name": "Eve", "admins": [{"email": "f@jwt.com"}]},
    ("POST", "/api/franchise/1/store"): {"name": "Eve"},
    ("POST", "/factory/api/order/verify"): {"jwt": "a.b.c"},
}
CALLS = list(GOOD)
TABLES = (
    "users",
    "roles",
    "menu_items",
    "franchises",
    "stores",
    "orders",
    "order_items",
    "transfers",
    "idempotency_keys",
)


@pytest.fixture
async def admin(shop: Running) -> str:
    return await shop.log_in("a@jwt.com", "admin")


@pytest.fixture(autouse=True)
async def nothing_is_written(admin: str, postgres: Postgres) -> AsyncIterator[None]:
    async def state() -> list[object]:
        query = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM shop.{} t"
        return [await postgres.fetchval("test", query.format(table)) for table in TABLES]

    before = await state()
    yield
    assert await state() == before
    assert await PostgresLedger(postgres).broken() == []


def refused(answer: Answer, case: object) -> None:
    assert 400 <= answer.status < 500, (case, answer.status, answer.text[:300])
    assert list(answer.json) == ["message"], case
    message = answer.message
    assert message, case
    assert len(message) < 400, case
    for leak in ("Traceback", 'File "', "asyncpg", "litestar", "msgspec", "SELECT", "jwt_pizza"):
        assert leak not in message, (case, message)


BODIES = [
    b"",
    b" ",
    b"null",
    b"7",
    b'"text"',
    b"[]",
    b"[{}]",
    b"true",
    b"{",
    b"{]",
    b"{} trailing",
    b"{'a':1}",
    b"NaN",
    b'{"price":NaN}',
    b'{"items":Infinity}',
    b"\xff\xfe\x00",
    b'{"name":"\xff\xfe"}',
    b'\xef\xbb\xbf{"name":"bom"}',
    '{"name":"utf-16"}'.encode("utf-16"),
    b"[" * 100_000,
    b'{"name":' * 20_000,
    b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"items":' + b'{"items":[' * 20_000 + b"1" + b"]}" * 20_000 + b"}",
    b'{"zzz":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b"{" + b'"a":1,' * 30_000 + b'"a":1}',
    b"\x00" * 1000,
    b"9" * 100_000,
    b'{"storeId":' + b"9" * 100_000 + b"}",
    b'{"storeId":-' + b"9" * 5_000 + b"}",
    b'{"storeId":1e400}',
    b'{"name":"\\ud800"}',
    b'{"franchiseId":1,"storeId":1,"items":[{"menuId":1,"description":"\xff"}]}',
    b"<xml/>",
    b"name=eve&email=eve@jwt.com&password=eve",
]


async def test_no_body_that_is_not_the_calls_own_gets_through(shop: Running, admin: str) -> None:
    for (method, path), body in product(CALLS, BODIES):
        if path == "/api/user/1" and body.startswith(b'{"') and b"name" not in body:
            continue  # it changes nothing, which is allowed
        answer = await shop.call(method, path, data=body, token=admin)
        refused(answer, (method, path, body[:40]))


VALUES: list[object] = [
    None,
    True,
    -1,
    0,
    0.5,
    2**53,
    2**63,
    -(2**63) - 1,
    1e300,
    "",
    " ",
    "\0",
    "a\0b",
    "a\nb",
    "\u202e\x1b[2J",
    "\ud800",
    "x" * 20_000,
    "-1",
    "1.5",
    "9223372036854775808",
    "1; DROP TABLE users",
    [],
    [None],
    [[]],
    {},
    {"$ne": None},
]


def allowed(call: tuple[str, str], member: str, value: object) -> bool:
    """Values of this list that are good ones of some members."""
    if call == ("PUT", "/api/user/1") and value is None:
        return True
    if member == "password" and isinstance(value, str) and 0 < len(value) <= 1024 and value != "\ud800":
        return True
    if member == "admins" and value == []:
        return True
    plain = ["-1", "1.5", "9223372036854775808", "1; DROP TABLE users"]
    if member == "price":
        return call[1] == "/api/order/menu" and value in (0.5, "1.5")
    return member in {"name", "title", "description", "image"} and value in plain


async def test_no_member_takes_a_wrong_value(shop: Running, admin: str) -> None:
    for call in CALLS:
        method, path = call
        for member, value in product(GOOD[call], VALUES):
            if allowed(call, member, value):
                continue
            body = json.dumps(GOOD[call] | {member: value}).encode()
            refused(await shop.call(method, path, data=body, token=admin), (method, path, member, str(value)[:40]))


async def test_no_item_of_an_order_takes_a_wrong_value(shop: Running, admin: str) -> None:
    order = GOOD["POST", "/api/order"]
    for value in VALUES:
        for item in ({"menuId": value}, [value], value):
            body = json.dumps(order | {"items": [{"menuId": 1}, item]}).encode()
            refused(await shop.call("POST", "/api/order", data=body, token=admin), item)
    refused(await shop.call("POST", "/api/order", order | {"items": {"0": {"menuId": 1}}}, token=admin), "object")


async def test_no_member_may_be_missing(shop: Running, admin: str) -> None:
    for call, good in GOOD.items():
        for member in good:
            if call == ("PUT", "/api/user/1") or member == "admins":
                continue
            body = {name: value for name, value in good.items() if name != member}
            refused(await shop.call(*call, body, token=admin), (call, member))


async def test_of_a_repeated_member_the_last_one_counts_everywhere(shop: Running, admin: str) -> None:
    """What is checked is what is used."""
    body = b'{"franchiseId":1,"storeId":1,"items":[{"menuId":1}],"storeId":99}'
    refused(await shop.call("POST", "/api/order", data=body, token=admin), "store")
    body = b'{"email":"a@jwt.com","email":"nobody@jwt.com","password":"admin"}'
    refused(await shop.call("PUT", "/api/auth", data=body), "email")


IDS = [
    *("0", "-1", "abc", "1.5", "1e3", "0x1", "1'--", "1,2", "[1]", "null", "%00", "%FF", "1%00"),
    *("2147483648", "9007199254740992", "9223372036854775807", "9223372036854775808", "1" * 5000, "999999"),
]


async def test_no_id_in_a_path_breaks_anything(shop: Running, admin: str) -> None:
    for bad in IDS:
        calls: list[tuple[str, str, object]] = [
            ("PUT", f"/api/user/{bad}", {}),
            ("DELETE", f"/api/user/{bad}", None),
            ("DELETE", f"/api/franchise/{bad}", None),
            ("POST", f"/api/franchise/{bad}/store", {"name": "x"}),
            ("DELETE", f"/api/franchise/{bad}/store/1", None),
            ("DELETE", f"/api/franchise/1/store/{bad}", None),
            ("PUT", f"/api/order/chaos/{bad}", None),
        ]
        for method, path, body in calls:
            answer = await shop.call(method, path, body, token=admin)
            assert 400 <= answer.status < 500, (method, path[:60], answer.text)
            assert list(answer.json) == ["message"]
            assert len(answer.message) < 400
        answer = await shop.call("GET", f"/api/franchise/{bad}", token=admin)
        assert (answer.status == 200 and answer.json == []) or 400 <= answer.status < 500, bad[:60]


async def test_no_query_breaks_anything(shop: Running, admin: str) -> None:
    for path, name in product(
        ("/api/user", "/api/franchise", "/api/order"), ("page", "limit", "name", "sort", "page[]")
    ):
        for value in (*IDS, "*" * 90, "%25" * 99, "%5C" * 50, "%F0%9F%8D%95", "%ED%A0%80", "a&page=x", ""):
            answer = await shop.call("GET", f"{path}?{name}={value}", token=admin)
            assert answer.status < 500, (path, name, value[:40], answer.text)
            assert isinstance(answer.json, dict)


async def test_sql_in_a_text_is_only_a_text(shop: Running, admin: str, postgres: Postgres) -> None:
    evil = "'; DROP TABLE shop.users; -- $1 %s \\ \" {x}"
    assert (await shop.call("GET", f"/api/user?name={evil.replace('%', '%25')}", token=admin)).json["users"] == []
    answer = await shop.call("PUT", "/api/auth", {"email": evil, "password": evil})
    assert (answer.status, answer.message) == (404, "unknown user")
    answer = await shop.call("POST", "/api/franchise", {"name": "x", "admins": [{"email": evil}]}, token=admin)
    assert (answer.status, answer.message) == (404, f"unknown user for franchise admin {evil} provided")


async def test_no_forged_token_is_believed(shop: Running, admin: str, postgres: Postgres) -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    header, payload, signature = admin.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    secret = SharedSecret(await PostgresAccounts(postgres).secret("sessions"))
    jwks = (await shop.call("GET", "/factory/.well-known/jwks.json")).json["keys"][0]
    published = json.dumps(jwks).encode()
    diner = await shop.log_in()
    stranger = EllipticKey.generate()
    now = SystemClock().now()

    def signed(**changes: object) -> str:
        return secret.sign(msgspec.json.encode(claims | changes))

    assert (await shop.call("GET", "/api/user/me", token=signed())).status == 200, "the forger's tools are sharp"
    forged = [
        f"{part({'alg': 'none'})}.{payload}.",
        f"{part({'alg': 'None', 'typ': 'JWT'})}.{payload}.{signature}",
        f"{part({'alg': 'HS256', 'b64': False, 'crit': ['b64']})}.{payload}.{signature}",
        f"{header}.{part(claims | {'sub': 2})}.{signature}",
        f"{header}.{payload}.{diner.split('.')[2]}",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature[:-2]}",
        f".{payload}.{signature}",
        "..",
        "a.b.c",
        "",
        "null",
        "x" * 60_000,
        "\u00e9.\u00e9.\u00e9",
        stranger.sign(msgspec.json.encode(claims)),
        SharedSecret(published).sign(msgspec.json.encode(claims)),
        SharedSecret(b"a secret of a text book").sign(msgspec.json.encode(claims)),
        SharedSecret(bytes(64)).sign(msgspec.json.encode(claims)),
        signed(exp=int(now.timestamp())),
        signed(exp=int((now - timedelta(days=1)).timestamp())),
        signed(sub=2),
        signed(sid=10**9),
        signed(sid=-1),
        signed(sid=2**63),
        signed(sid=2**70),
        signed(sid="1"),
        signed(exp=None),
        signed(sub=[1]),
        secret.sign(b"{}"),
        secret.sign(b"\xff"),
        secret.sign(b"[" * 20_000),
    ]
    for token in forged:
        for method, path, body in (
            ("GET", "/api/user/me", None),
            ("DELETE", "/api/user/1", None),
            ("POST", "/api/order", GOOD["POST", "/api/order"]),
        ):
            answer = await shop.call(method, path, body, headers={"Authorization": f"Bearer {token}"})
            assert (answer.status, answer.json) == (401, {"message": "unauthorized"}), token[:100]


async def test_a_pizza_is_no_session(shop: Running, admin: str, postgres: Postgres) -> None:
    """Signed by this system, but by another key and for another purpose."""
    keys = await postgres.fetch("test", "SELECT jwk FROM factory.signing_keys")
    claims = {"sub": 1, "sid": 1, "iat": 0, "exp": 99_999_999_999, "jti": "x"}
    token = EllipticKey.load(json.loads(keys[0]["jwk"])).sign(msgspec.json.encode(claims))
    assert (await shop.call("POST", "/factory/api/order/verify", {"jwt": admin})).json == {"message": "invalid"}
    answer = await shop.call("GET", "/api/user/me", token=token)
    assert (answer.status, answer.json) == (401, {"message": "unauthorized"})


async def test_other_content_types_are_refused_or_read_as_json(shop: Running, admin: str) -> None:
    form = b"name=eve&email=eve%40jwt.com&password=eve"
    for kind in (
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
        "application/msgpack",
        "",
        "x/",
        "💥",
    ):
        for data in (form, b"--x\r\n", b"\x80\x81"):
            answer = await shop.call(
                "POST", "/api/auth", data=data, headers={"Content-Type": kind.encode().decode("latin-1")}
            )
            refused(answer, kind)


async def test_no_header_breaks_anything(shop: Running, admin: str) -> None:
    for headers in (
        {"Authorization": "Bearer " + "é" * 100},
        {"Authorization": "Bearer \t x y z"},
        {"Origin": "é" * 50},
        {"X-Request-Id": "é" * 10},
        {"Idempotency-Key": "é"},
        {"Cookie": "a=b; =; ;;; é"},
        {"Accept": "*/*;q=é"},
        {"Accept-Encoding": "x"},
        {"Content-Type": "application/json; charset=nonsense"},
        {"X-Forwarded-For": "'; DROP TABLE"},
    ):
        answer = await shop.call("POST", "/api/order", "", headers=headers)
        assert 400 <= answer.status < 500, headers
        assert list(answer.json) == ["message"]
