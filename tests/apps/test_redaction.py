"""No secret that goes through shop, factory or ops, by whatever way and however it fails, is in their logs."""

import asyncio
import json
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec
import pytest

from jwt_pizza.apps import factory as factory_app
from jwt_pizza.apps import ops as ops_app
from jwt_pizza.apps import shop as shop_app
from jwt_pizza.kit import embedded, settings
from jwt_pizza.kit.postgres import Postgres
from tests.conftest import administer
from tests.factory.kitchen import vendor_key
from tests.running import Running, serving

PASSWORD = "pass-Zx81-word"
WRONG = "wrong-Qy72-word"
MADE_UP = {
    "token": "tok.Ab19Cd28.sig",
    "api key": "apikeyGh37Ij46",
    "fix code": "fixKl55Mn64",
    "link": "lnkOp73Qr82",
    "phone code": "908172635544",
    "ops token": "opsSt91Uv10",
}


async def test_logs_hold_no_secret(
    database_url: str, postgres: Postgres, cluster: embedded.Cluster, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Also when the database goes away in the middle: then everything fails that can."""
    key = await vendor_key(postgres, "roma", admin=True)
    loaded = msgspec.structs.replace(
        settings.load({"JWT_PIZZA_DEMO": "true", "JWT_PIZZA_LOG_LEVEL": "debug"}),
        pool_size=4,
        data_dir=tmp_path,
        policy="factory-only",
        factory_api_key=key,
        ops_token=MADE_UP["ops token"],
    )
    capfd.readouterr()
    async with (
        serving(factory_app.app(loaded, database_url)) as factory,
        serving(ops_app.app(loaded, database_url)) as ops,
    ):
        wired = msgspec.structs.replace(loaded, factory_url=factory.url, ops_url=ops.url)
        async with serving(shop_app.app(wired, database_url)) as shop:
            secrets = {PASSWORD, WRONG, key, *MADE_UP.values()}
            secrets |= await people(shop)
            secrets |= await attack(shop, factory, key)
            secrets |= await mailed_code(factory, key, tmp_path)
            for server in (shop, factory, ops):
                await everywhere(server)
            name = urlsplit(database_url).path.removeprefix("/")
            await administer(cluster, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await administer(
                cluster, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )
            for server in (shop, factory, ops):
                await everywhere(server)
            await people(shop, may_fail=True)
            await administer(cluster, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    written = capfd.readouterr().out
    lines = [json.loads(line) for line in written.splitlines()]
    assert {line["service"] for line in lines} == {"shop", "factory", "ops"}
    assert {"warning", "info"} <= {line["level"] for line in lines}
    assert len(lines) > 200
    for secret in secrets:
        assert len(secret) > 8
        for form in (secret, quote(secret, safe="")):
            found = next((line for line in written.splitlines() if form in line), None)
            assert found is None, (secret, found)


async def people(shop: Running, *, may_fail: bool = False) -> set[str]:
    """Register, log in rightly and wrongly, change the password; the tokens that come of it."""
    tokens: set[str] = set()
    for method, path, body in (
        ("POST", "/api/auth", {"name": "Ada", "email": "ada@jwt.com", "password": PASSWORD}),
        ("PUT", "/api/auth", {"email": "ada@jwt.com", "password": PASSWORD}),
        ("PUT", "/api/auth", {"email": "ada@jwt.com", "password": WRONG}),
        ("PUT", "/api/auth", {"email": ["ada@jwt.com"], "password": {"is": WRONG}}),
        ("PUT", "/api/user/1", {"password": WRONG}),
    ):
        answer = await shop.call(method, path, body, token=next(iter(tokens), MADE_UP["token"]))
        if answer.status == 200:
            tokens.add(str(answer.json["token"]))
    form = f"email=ada%40jwt.com&password={PASSWORD}&next=/menu"
    plain = {"Content-Type": "application/x-www-form-urlencoded", "Origin": shop.url}
    await shop.call("POST", "/login", data=form.encode(), headers=plain)
    assert tokens or may_fail
    return tokens


async def attack(shop: Running, factory: Running, key: str) -> set[str]:
    """An order fails under attack; its report link has key and code; a wrong code, then the right one."""
    await factory.call("POST", "/api/admin/chaos", {"kind": "fail"}, token=key)
    token = await shop.log_in()
    answer = await shop.order(token, key="idempotency-Wx28Yz37")
    assert answer.status == 500
    link = answer.json["reportPizzaCreationErrorToPizzaFactoryUrl"]
    found = re.search(r"apiKey=([^&]+)&fixCode=([^&]+)", link)
    assert found is not None
    for path in (
        f"/api/support/{found[1]}/report/{MADE_UP['fix code']}",
        f"/api/report?apiKey={found[1]}&fixCode={MADE_UP['fix code']}",
        f"/api/support/{found[1]}/report/{found[2]}",
    ):
        await factory.call("GET", path)
    admin = await shop.log_in("a@jwt.com", "admin")
    leak = await shop.call("PUT", "/api/ops/chaos/leak", {"probability": 0.5, "seconds": 60}, token=admin)
    code = str(leak.json["fixCode"])
    await shop.call("GET", f"/api/ops/chaos/leak/report/{code}")
    attempts = (await shop.call("GET", "/api/ops/attempts?failed=true", token=admin)).json
    await shop.call("POST", f"/api/ops/attempts/{attempts[0]['id']}/report", token=admin)
    return {token, admin, found[1], found[2], code, "idempotency-Wx28Yz37"}


async def mailed_code(factory: Running, key: str, home: Path) -> set[str]:
    """A one-time code: it has few digits, so only the letter is looked at."""
    await factory.call("PUT", "/api/vendor", {"email": "roma@jwt.com"}, token=key)
    assert (await factory.call("POST", "/api/vendor/code", {"id": "roma"})).status == 200
    (letter,) = (home / "outbox").iterdir()
    found = re.search(r"^\s{4}(\S+)\s*$", letter.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    answer = await factory.call("POST", "/api/vendor/auth", {"id": "roma", "code": found[1]})
    return {str(answer.json["apiKey"])}


async def everywhere(server: Running) -> None:
    """Every secret by every way: in headers, cookies, queries, paths and bodies, in form and out of it."""
    await asyncio.gather(*(by_every_way(server, secret) for secret in (PASSWORD, WRONG, *MADE_UP.values())))


async def by_every_way(server: Running, secret: str) -> None:
    for headers in sent_as(secret):
        for method, path in (
            ("GET", "/api/user/me"),
            ("GET", "/api/order"),
            ("POST", "/api/order"),
            ("POST", "/api/telemetry/snapshots"),
            ("PUT", "/api/vendor/chaos/fail"),
            ("GET", f"/api/people/{quote(secret)}?token={secret}&code={secret}"),
            ("POST", f"/links/{secret}"),
            ("GET", f"/api/support/{secret}/report/{secret}"),
            ("GET", f"/factory/api/report?apiKey={secret}&fixCode={secret}"),
        ):
            await server.call(method, path, headers=headers, data=None if method == "GET" else b"{}")
    for body in (
        json.dumps({"password": secret, "token": secret, "code": secret, "apiKey": secret, "jwt": secret}),
        f'{{"password": "{secret}"',
        f'["{secret}"]',
        secret,
        f"password={secret}&code={secret}",
    ):
        for method, path in (
            ("POST", "/api/auth"),
            ("PUT", "/api/auth"),
            ("POST", "/api/order"),
            ("POST", "/api/order/verify"),
            ("POST", "/api/vendor/auth"),
            ("POST", "/api/telemetry/snapshots"),
            ("POST", f"/{secret}"),
            (secret.upper()[:12], "/"),
        ):
            await server.call(method, path, data=body.encode(), headers={"Content-Type": "application/json"})


def sent_as(secret: str) -> Iterable[dict[str, str]]:
    yield {"Authorization": f"Bearer {secret}"}
    yield {"Authorization": f"Basic {secret}"}
    yield {"Authorization": secret}
    yield {"Cookie": f"session={secret}; token={secret}"}
    yield {"Idempotency-Key": secret, "X-Api-Key": secret, "Referer": f"http://127.0.0.1/?token={secret}"}
