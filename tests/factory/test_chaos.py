"""Attacks, as a client of the factory sees them."""

import asyncio
import time

import aiohttp
import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.factory.kitchen import TurnedClock, attack, bake, order, valid, vendor_key
from tests.running import Running, claims, running_factory


def path_of(report_url: str, factory: Running) -> str:
    assert report_url.startswith(f"{factory.url}/api/report?apiKey=")
    return report_url.removeprefix(factory.url)


PATIENT = {"lease_leak_seconds": 3600.0, "lease_reclaim_seconds": 3600.0}
"""The clock is turned by hours; no lease shall be taken for forgotten."""


async def test_report_link_of_a_failing_answer_ends_the_chaos(database_url: str, postgres: Postgres) -> None:
    """The incident's own thread; the original's clients send no body, and following the link twice does no harm."""
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        await attack(factory, key, "fail")
        failed = await bake(factory, key)
        assert (failed.status, failed.message) == (500, "chaos monkey")
        link = path_of(failed.json["reportUrl"], factory)
        wrong = await factory.call("GET", link[:-4] + "AAAA")
        assert (wrong.status, wrong.message) == (400, "Problem unresolved")
        ended = await factory.call("GET", link)
        assert (ended.status, ended.message) == (200, "Problem resolved. Pizza is back on the menu!")
        again = await factory.call("GET", link)
        assert (again.status, again.message) == (200, "No chaos currently executing")
        good = await bake(factory, key)
        assert "reportUrl" not in good.json
        assert await valid(factory, good.json["jwt"])


async def test_report_link_works_as_a_path_too(database_url: str, postgres: Postgres) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        await attack(factory, key, "badjwt")
        link = path_of((await bake(factory, key)).json["reportUrl"], factory)
        code = link.rpartition("=")[2]
        answer = await factory.call("GET", f"/api/support/{key}/report/{code}")
        assert answer.message == "Problem resolved. Pizza is back on the menu!"


async def test_link_begins_with_the_configured_address_whatever_host_says(
    database_url: str, postgres: Postgres
) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url, factory_url="https://factory.example/") as factory:
        await attack(factory, key, "fail")
        answer = await factory.call("POST", "/api/order", order(), token=key, headers={"Host": "evil.example"})
        assert answer.json["reportUrl"].startswith("https://factory.example/api/report?")


async def test_spoiled_pizzas(database_url: str, postgres: Postgres) -> None:
    """A broken signature; a valid pizza of another order; a valid one of long ago."""
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        await attack(factory, key, "badjwt")
        bad = await bake(factory, key)
        assert bad.status == 200
        assert claims(bad.json["jwt"])["order"]["id"] == 7
        assert not await valid(factory, bad.json["jwt"])

        await attack(factory, key, "wrong-order")
        other = await bake(factory, key)
        assert await valid(factory, other.json["jwt"])
        assert claims(other.json["jwt"])["order"]["id"] != 7
        assert claims(other.json["jwt"])["diner"]["id"] == 4

        await attack(factory, key, "replay")
        old = await bake(factory, key)
        assert await valid(factory, old.json["jwt"])
        assert claims(old.json["jwt"])["order"]["id"] == 7
        assert claims(old.json["jwt"])["iat"] < time.time() - 3600


@pytest.mark.parametrize("kind", ["disconnect", "lost-reply"])
async def test_connection_closes_without_an_answer(database_url: str, postgres: Postgres, kind: str) -> None:
    """Only `lost-reply` bakes; a retry after it is as good as any and recorded as a repeat."""
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        await attack(factory, key, kind)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await bake(factory, key)
        assert (await factory.call("GET", "/healthz")).status == 200
        await factory.call("DELETE", "/api/admin/chaos", token=await vendor_key(postgres, "boss", admin=True))
        retry = await bake(factory, key)
        assert await valid(factory, retry.json["jwt"])
    rows = await postgres.fetch("test", "SELECT outcome, chaos, repeat FROM factory.bakes ORDER BY id")
    first = ("lost", kind, False) if kind == "lost-reply" else ("failed", kind, False)
    assert [tuple(row) for row in rows] == [first, ("baked", None, kind == "lost-reply")]


@pytest.mark.parametrize("kind", ["throttle", "latency"])
async def test_late_answers_are_pizzas(database_url: str, postgres: Postgres, kind: str) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        await attack(factory, key, kind, delay=0.05)
        began = time.monotonic()
        answer = await bake(factory, key)
        waited = time.monotonic() - began
        assert await valid(factory, answer.json["jwt"])
        assert "reportUrl" in answer.json
        assert kind == "latency" or waited >= 0.05


async def test_throttle_waits_as_long_as_the_original(database_url: str, postgres: Postgres) -> None:
    key = await vendor_key(postgres)
    clock = TurnedClock()
    async with running_factory(database_url, clock=clock, **PATIENT) as factory:
        await attack(factory, key, "throttle")
        began = clock.now()
        waiting = asyncio.create_task(bake(factory, key))
        while not waiting.done():
            await factory.call("GET", "/healthz")
            clock.turn(1)
        answer = await waiting
        assert answer.status == 200, answer.text
        assert await valid(factory, answer.json["jwt"])
        assert (clock.now() - began).total_seconds() >= 32


async def test_slow_drip_comes_in_many_pieces(database_url: str, postgres: Postgres) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        await attack(factory, key, "slow-drip", delay=0.5)
        headers = {"Authorization": f"Bearer {key}"}
        async with factory.client.post(factory.url + "/api/order", json=order(), headers=headers) as answer:
            pieces = [piece async for piece, _ in answer.content.iter_chunks()]
            body = b"".join(pieces)
        assert len(pieces) >= 5
        assert len(body) == int(answer.headers["Content-Length"])


async def test_attack_ends_by_itself(database_url: str, postgres: Postgres) -> None:
    """It begins when it shall, and is over at its end without anybody doing anything."""
    key = await vendor_key(postgres)
    clock = TurnedClock()
    async with running_factory(database_url, clock=clock, **PATIENT) as factory:
        await attack(factory, key, "fail", **{"after": 30, "for": 660})
        assert (await bake(factory, key)).status == 200
        clock.turn(30)
        assert (await bake(factory, key)).status == 500
        clock.turn(659)
        assert (await bake(factory, key)).status == 500
        clock.turn(1)
        assert (await bake(factory, key)).status == 200


async def test_delay_does_not_reach_past_the_end(database_url: str, postgres: Postgres) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        await attack(factory, key, "throttle", **{"delay": 300, "for": 0.3})
        async with asyncio.timeout(10):
            assert (await bake(factory, key)).status == 200


async def test_waiting_order_is_released_when_the_attack_is_stopped(database_url: str, postgres: Postgres) -> None:
    """At the next look, a second later at most."""
    key, admin = await vendor_key(postgres), await vendor_key(postgres, "boss", admin=True)
    clock = TurnedClock()
    async with running_factory(database_url, clock=clock, **PATIENT) as factory:
        # The factory looks at its keys every second: the second sleep of that length is the order's.
        await attack(factory, key, "throttle", delay=32)
        waiting = asyncio.create_task(bake(factory, key))
        await clock.begun(1.0, times=2)
        assert (await factory.call("DELETE", "/api/admin/chaos", token=admin)).json["stopped"] == 1
        clock.turn(1)
        async with asyncio.timeout(5):
            assert (await waiting).status == 200


async def test_waiting_order_does_not_hold_up_a_shutdown(database_url: str, postgres: Postgres) -> None:
    """Its client is still there and would wait on; time stands still."""
    key = await vendor_key(postgres)
    clock = TurnedClock()
    async with aiohttp.ClientSession() as patient:
        async with asyncio.timeout(10):
            async with running_factory(database_url, clock=clock, **PATIENT) as factory:
                await attack(factory, key, "throttle", delay=0.75)
                headers = {"Authorization": f"Bearer {key}"}
                url = factory.url + "/api/order"
                waiting = asyncio.create_task(patient.post(url, json=order(), headers=headers))
                await clock.begun(0.75)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await waiting


async def test_all_processes_see_an_attack_at_once(database_url: str, postgres: Postgres) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url) as one, running_factory(database_url) as other:
        for _ in range(3):
            await attack(one, key, "fail")
            failed = await bake(other, key)
            assert failed.status == 500
            await other.call("GET", path_of(failed.json["reportUrl"], other))
            assert (await bake(one, key)).status == 200


async def test_attack_of_a_vendor_leaves_others_alone(database_url: str, postgres: Postgres) -> None:
    key, other = await vendor_key(postgres), await vendor_key(postgres, "napoli")
    async with running_factory(database_url) as factory:
        await attack(factory, key, "fail")
        assert (await bake(factory, key)).status == 500
        assert (await bake(factory, other)).status == 200


async def test_admin_attacks_all_vendors_and_stops_everything(database_url: str, postgres: Postgres) -> None:
    key, admin = await vendor_key(postgres), await vendor_key(postgres, "boss", admin=True)
    async with running_factory(database_url) as factory:
        assert (await factory.call("POST", "/api/admin/chaos", {"kind": "fail"}, token=key)).status == 403
        started = await factory.call("POST", "/api/admin/chaos", {"kind": "fail"}, token=admin)
        assert (started.status, started.json["state"]) == (200, "active")
        assert "fixCode" not in started.text
        assert (await bake(factory, key)).status == 500
        stopped = await factory.call("DELETE", "/api/admin/chaos", token=admin)
        assert stopped.json == {"message": "Chaos stopped", "stopped": 1}
        assert (await factory.call("DELETE", "/api/admin/chaos", token=admin)).json["stopped"] == 0
        assert (await bake(factory, key)).status == 200
        [last] = (await factory.call("GET", "/api/admin/chaos", token=admin)).json["attacks"]
        assert (last["kind"], last["state"], last["startedBy"]) == ("fail", "stopped", "boss")


async def test_guessing_fix_codes_is_limited(database_url: str, postgres: Postgres) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        await attack(factory, key, "fail")
        guesses = await asyncio.gather(
            *(factory.call("GET", f"/api/support/{key}/report/{number:08d}") for number in range(25))
        )
        statuses = [guess.status for guess in guesses]
        assert (statuses.count(400), statuses.count(429)) == (20, 5)
        assert all("Retry-After" in guess.headers for guess in guesses if guess.status == 429)


@pytest.mark.parametrize(
    ("path", "plan", "message"),
    [
        ("meteor", None, "Invalid chaos type"),
        ("fail", {"probability": 0}, "probability must be more than 0 and at most 1"),
        ("fail", {"for": 1e9}, "for must be more than 0 and at most 7200 seconds"),
        ("fail", {"startDate": "2024-06-05T05:14:40"}, "startDate must say its zone, as in 2024-06-05T05:14:40Z"),
        ("throttle", {"delay": -1}, "delay must be at least 0 and at most 300 seconds"),
    ],
)
async def test_plan_that_makes_no_sense_is_refused(
    database_url: str, postgres: Postgres, path: str, plan: object, message: str
) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        answer = await factory.call("PUT", f"/api/vendor/chaos/{path}", plan, token=key)
        assert (answer.status, answer.message) == (400, message)


async def test_an_attack_strikes_the_very_next_order_of_a_process_that_was_at_ease(
    database_url: str, postgres: Postgres
) -> None:
    """On every process, whichever it was started through; and when it ends so does its effect."""
    key = await vendor_key(postgres)
    async with running_factory(database_url) as one, running_factory(database_url) as other:
        for _ in range(2):
            assert {(await bake(factory, key)).status for factory in (one, other)} == {200}
        await attack(one, key, "fail")
        struck = [await bake(factory, key) for factory in (one, other)]
        assert {answer.status for answer in struck} == {500}
        assert (await one.call("GET", path_of(struck[0].json["reportUrl"], one))).status == 200
        for _ in range(2):
            assert {(await bake(factory, key)).status for factory in (one, other)} == {200}
    outcomes = await postgres.fetch("test", "SELECT outcome, repeat FROM factory.bakes ORDER BY id")
    assert [row["outcome"] for row in outcomes] == ["baked"] * 4 + ["failed"] * 2 + ["baked"] * 4
    assert [row["repeat"] for row in outcomes] == [False, *[True] * 3, False, False, *[True] * 4]


async def test_a_key_and_a_name_end_at_once_for_a_process_that_knew_them(database_url: str, postgres: Postgres) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        for _ in range(2):
            assert (await bake(factory, key)).status == 200
        await postgres.execute("test", "UPDATE factory.vendors SET name = 'Roma Nova' WHERE id = 'roma'")
        for _ in range(2):
            assert claims((await bake(factory, key)).json["jwt"])["vendor"] == {"id": "roma", "name": "Roma Nova"}
        fresh = await vendor_key(postgres)
        assert (await bake(factory, key)).status == 401
        assert (await bake(factory, fresh)).status == 200


async def test_orders_of_known_keys_that_come_together_are_told_apart(database_url: str, postgres: Postgres) -> None:
    """One of two vendors is attacked while the orders of both share a statement."""
    keys = [await vendor_key(postgres, vendor) for vendor in ("roma", "napoli")]
    async with running_factory(database_url) as factory:
        for key in keys:
            await bake(factory, key)
        await attack(factory, keys[0], "fail")
        answers = await asyncio.gather(*(bake(factory, keys[number % 2], 100 + number) for number in range(20)))
        assert [answer.status for answer in answers] == [500, 200] * 10
        baked = [claims(answer.json["jwt"]) for answer in answers[1::2]]
        assert [(pizza["vendor"]["id"], pizza["order"]["id"]) for pizza in baked] == [
            ("napoli", number) for number in range(101, 120, 2)
        ]
