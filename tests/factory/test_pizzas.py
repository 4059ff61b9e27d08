"""The factory over HTTP, on its own."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from jwt_pizza.apps.factory import ISSUER
from jwt_pizza.factory.pizzas.service import Bakery
from jwt_pizza.factory.pizzas.store import PostgresKeys
from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.factory.vendors.store import PostgresVendors
from jwt_pizza.kernel import wire
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.jwt import EllipticKey, SharedSecret
from jwt_pizza.kit.postgres import Postgres
from tests.running import Answer, Running, claims, running_factory

DINER = {"id": 719, "name": "j", "email": "j@jwt.com"}
ITEM = {"menuId": 1, "description": "Veggie", "price": 0.0038}
ORDER = {"items": [ITEM], "storeId": 5, "franchiseId": 4, "id": 278}
MISSING = {"message": "Missing required parameters"}


class LaterClock(SystemClock):
    def __init__(self, hours: float) -> None:
        self._ahead = timedelta(hours=hours)

    def now(self) -> datetime:
        return super().now() + self._ahead


@pytest.fixture
async def factory(database_url: str) -> AsyncIterator[Running]:
    async with running_factory(database_url) as running:
        yield running


@pytest.fixture
async def key(postgres: Postgres) -> str:
    """The API key of a vendor."""
    return await VendorDesk(PostgresVendors(postgres, SystemClock()), SystemClock()).add("roma", "Pizzeria Roma")


async def bake(factory: Running, key: str | None, **changes: object) -> Answer:
    return await factory.call("POST", "/api/order", {"diner": DINER, "order": ORDER} | changes, token=key)


async def verify(factory: Running, token: object) -> Answer:
    return await factory.call("POST", "/api/order/verify", {"jwt": token})


async def test_a_vendor_gets_a_pizza_that_verifies_here_and_offline(factory: Running, key: str) -> None:
    answer = await bake(factory, key)
    assert answer.status == 200
    assert list(answer.json) == ["jwt"]
    pizza = claims(answer.json["jwt"])
    expected = {"vendor": {"id": "roma", "name": "Pizzeria Roma"}, "diner": DINER, "order": ORDER}
    assert {name: pizza[name] for name in expected} == expected
    assert pizza["exp"] - pizza["iat"] == 24 * 3600
    verified = await verify(factory, answer.json["jwt"])
    assert (verified.status, verified.json) == (200, {"message": "valid", "payload": pizza})
    jwks = (await factory.call("GET", "/.well-known/jwks.json")).json
    offline = joserfc_jwt.decode(answer.json["jwt"], KeySet.import_key_set(jwks), algorithms=["ES256"])
    assert offline.claims == pizza
    assert offline.header["kid"] == jwks["keys"][0]["kid"]


async def test_only_the_public_part_of_a_key_is_published(factory: Running) -> None:
    answer = await factory.call("GET", "/.well-known/jwks.json")
    assert answer.status == 200
    assert list(answer.json) == ["keys"]
    for published in answer.json["keys"]:
        assert set(published) <= {"kty", "kid", "crv", "x", "y", "use", "alg", "key_ops"}
        assert published["kty"] == "EC"


async def test_only_vendors_may_have_pizzas_baked(factory: Running, key: str) -> None:
    for wrong in (None, "", "wrong", key[:-1], key + "0", key.upper() + "x", "'; DROP TABLE factory.vendors; --", "ü"):
        answer = await bake(factory, wrong)
        assert (answer.status, answer.json) == (401, {"message": "invalid authentication"}), wrong


async def test_a_new_key_replaces_the_old_one(factory: Running, key: str, postgres: Postgres) -> None:
    fresh = await VendorDesk(PostgresVendors(postgres, SystemClock()), SystemClock()).add("roma")
    assert (await bake(factory, key)).status == 401
    pizza = claims((await bake(factory, fresh)).json["jwt"])
    assert pizza["vendor"] == {"id": "roma", "name": "Pizzeria Roma"}


async def test_a_pizza_needs_diner_and_order(factory: Running, key: str) -> None:
    bodies: list[dict[str, object]] = [
        {},
        {"diner": DINER},
        {"order": ORDER},
        {"diner": None, "order": None},
        *({"diner": DINER, "order": {k: v for k, v in ORDER.items() if k != gone}} for gone in ORDER),
    ]
    for body in bodies:
        answer = await factory.call("POST", "/api/order", body, token=key)
        assert (answer.status, answer.json) == (400, MISSING), body


async def test_the_oven_takes_one_to_twenty_pizzas(factory: Running, key: str) -> None:
    assert (await bake(factory, key, order=ORDER | {"items": [ITEM] * 20})).status == 200
    for count in (0, 21):
        answer = await bake(factory, key, order=ORDER | {"items": [ITEM] * count})
        assert answer.status == 503
        assert answer.json == {"message": "Unable to satisfy pizza order. The oven is full."}


async def test_every_pizza_that_is_baked_can_be_verified(factory: Running, key: str) -> None:
    """The largest order that is taken makes a token that is not too long for the factory itself."""
    wide = "\x01"
    diner = {"id": 2**53 - 1, "name": wide * 200, "email": wide * 250 + "@a.b"}
    items = [{"menuId": 2**53 - 1, "description": wide * 500, "price": 1.2345678901234567e-300}] * 20
    answer = await bake(factory, key, diner=diner, order=ORDER | {"items": items})
    assert answer.status == 200, answer.text
    assert (await verify(factory, answer.json["jwt"])).status == 200
    for changes in (
        {"diner": diner | {"name": "x" * 201}},
        {"order": ORDER | {"items": [ITEM | {"description": "x" * 501}]}},
    ):
        answer = await bake(factory, key, **changes)
        assert answer.status == 400
        assert list(answer.json) == ["message"]


async def test_what_is_not_a_pizza_of_ours_is_invalid(factory: Running, key: str, postgres: Postgres) -> None:
    good = (await bake(factory, key)).json["jwt"]
    header, payload, signature = good.split(".")
    other_header, other_payload, other_signature = (
        (await bake(factory, key, order=ORDER | {"id": 279})).json["jwt"].split(".")
    )
    kid = (await factory.call("GET", "/.well-known/jwks.json")).json["keys"][0]["kid"]
    stranger = EllipticKey.generate()
    foreign = stranger.sign(b"{}")
    impostor = EllipticKey.load(stranger.private() | {"kid": kid})
    public = SharedSecret(str(stranger.public()).encode())
    wrong = [
        f"{header}.{other_payload}.{signature}",
        f"{other_header}.{payload}.{other_signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature}.",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        good[1:],
        good + "A",
        foreign,
        impostor.sign(b"{}"),
        public.sign(b"{}"),
        "eyJhbGciOiJub25lIn0." + payload + ".",
        *(f"{encoded(text)}.{payload}.{signature}" for text in HEADERS),
        *(f"{encoded(text.replace('KID', kid))}.{payload}.{signature}" for text in HEADERS),
        "a.b.c",
        "..",
        ".",
        "💥.💥.💥",
        "x" * 200_000,
        "a." + "b" * 20_000 + ".c",
    ]
    for token in wrong:
        answer = await verify(factory, token)
        assert (answer.status, answer.json) == (403, {"message": "invalid"}), token[:200]
    signer = PostgresKeys(postgres, SystemClock(), lifetime=3600)
    await signer.load()
    for claim in (b"", b"{}", b"[]", b"null", b"\xff", b'{"exp":99999999999}', b"[" * 5000):
        answer = await verify(factory, signer.current().sign(claim))
        assert (answer.status, answer.json) == (403, {"message": "invalid"}), claim[:50]
    for nothing in (None, "", {}):
        answer = await verify(factory, nothing)
        assert answer.status == 400
        assert list(answer.json) == ["message"]


HEADERS = [
    "[]",
    "7",
    "null",
    '"x"',
    "{}",
    "{",
    "",
    '{"alg":"none"}',
    '{"alg":"none","kid":"KID"}',
    '{"alg":"HS256","kid":"KID"}',
    '{"alg":7,"kid":"KID"}',
    '{"alg":"ES256","kid":7}',
    '{"alg":"ES256","kid":"KID","crit":["x"]}',
    '{"alg":"ES256","kid":"KID","b64":false,"crit":["b64"]}',
    '{"alg":"ES256","kid":"KID","jwk":{"kty":"EC"}}',
    '{"alg":"ES256","kid":"KID","zip":"DEF"}',
    '{"alg":"ES256","kid":"' + "k" * 5000 + '"}',
    '{"alg":"ES256","kid":"\\u0000"}',
    '{"alg":"ES256","kid":"\\ud800"}',
]


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


async def test_an_expired_pizza_is_invalid_and_so_is_one_of_another_issuer(
    factory: Running, postgres: Postgres
) -> None:
    keys = PostgresKeys(postgres, SystemClock(), lifetime=24 * 3600)
    await keys.load()
    vendor = wire.Vendor(id="roma", name="Roma")
    request = wire.BakeRequest(
        diner=wire.Diner(id=1, name="j", email="j@jwt.com"),
        order=wire.Order(id=1, franchise_id=1, store_id=1, items=()),
    )
    for issuer, hours, status in ((ISSUER, -25, 403), (ISSUER, -23, 200), ("elsewhere", 0, 403)):
        bakery = Bakery(keys, LaterClock(hours), issuer=issuer, lifetime=24 * 3600)
        assert (await verify(factory, bakery.sign(vendor, request))).status == status


async def test_after_a_rotation_old_pizzas_verify_and_new_ones_have_a_new_key(
    factory: Running, key: str, postgres: Postgres
) -> None:
    old = (await bake(factory, key)).json["jwt"]
    keys = PostgresKeys(postgres, SystemClock(), lifetime=24 * 3600)
    kid = await keys.rotate()
    published = (await factory.call("GET", "/.well-known/jwks.json")).json["keys"]
    assert len(published) == 2
    assert kid in {jwk["kid"] for jwk in published}
    new = (await bake(factory, key)).json["jwt"]
    assert (
        joserfc_jwt.decode(new, KeySet.import_key_set({"keys": published}), algorithms=["ES256"]).header["kid"] == kid
    )
    assert [(await verify(factory, token)).status for token in (old, new)] == [200, 200]
    later = PostgresKeys(postgres, LaterClock(24 + 2), lifetime=24 * 3600)
    await later.load()
    assert len(await later.published()) == 1, "what it signed has expired"


async def test_two_rotations_at_once_leave_one_signing_key(postgres: Postgres) -> None:
    sides = [PostgresKeys(postgres, SystemClock(), lifetime=3600) for _ in range(4)]
    await asyncio.gather(*(side.load() for side in sides), *(side.rotate() for side in sides))
    for side in sides:
        await side.refresh()
    assert len({side.current().kid for side in sides}) == 1


async def test_whether_a_vendor_exists(factory: Running, key: str) -> None:
    for vendor_id, exists in (("roma", True), ("jwt-pizza", True), ("nobody", False), ("%00", False), ("%FF", False)):
        answer = await factory.call("GET", f"/api/vendor/{vendor_id}")
        assert (answer.status, answer.json) == (200, {"exists": exists}), vendor_id


async def test_docs_list_the_calls(factory: Running) -> None:
    answer = await factory.call("GET", "/api/docs")
    assert answer.status == 200
    docs = answer.json
    assert set(docs) == {"version", "endpoints", "config"}
    assert docs["config"] == {"db": "PostgreSQL"}
    calls = {(endpoint["method"], endpoint["path"]) for endpoint in docs["endpoints"]}
    assert {("POST", "/api/order"), ("POST", "/api/order/verify"), ("GET", "/api/vendor/{vendor_id}")} <= calls
    for endpoint in docs["endpoints"]:
        assert {"method", "path", "requiresAuth", "description", "example", "response"} >= set(endpoint)
        assert endpoint["description"]
        assert endpoint["example"].startswith("curl")
