"""Somebody is on duty at a running product: pages have somewhere to go."""

import aiohttp

from jwt_pizza.apps.ops.people import limits_of
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit import embedded, settings
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.people.store import PostgresPeople
from tests.observability.servers import Product
from tests.ops.office import ADA, PASSWORD
from tests.running import Running


async def put_on_duty(running: Product) -> None:
    """Ada, with the built-in phone."""
    cluster = embedded.running(running.data)
    assert cluster is not None
    postgres = await Postgres(cluster.url(), name="test", size=2).open()
    passwords = Passwords()
    desk = PeopleDesk(PostgresPeople(postgres, SystemClock()), passwords, limits_of(settings.load({})), SystemClock())
    ada = await desk.add_first(name="Ada", email=ADA, password=PASSWORD, time_zone="Europe/Berlin")
    passwords.close()
    await postgres.execute(
        "test",
        "INSERT INTO ops.contacts (person_id, channel, address, verified_at, created_at) "
        "VALUES ($1, 'sms', '+15551230001', now(), now())",
        ada.id,
    )
    async with aiohttp.ClientSession() as client:
        ops = Running(running.ops, client)
        token = await ops.log_in(ADA, PASSWORD)
        team = await ops.call("POST", "/api/teams", {"name": "Pizza", "members": [ada.id]}, token=token)
        steps = [{"kind": "notify-team", "teamId": team.json["id"]}, {"kind": "wait"}]
        draft = {"teamId": team.json["id"], "name": "incident", "steps": steps}
        chain = await ops.call("POST", "/api/chains", draft, token=token)
        assert chain.status == 201, chain.text
    await postgres.execute("test", "UPDATE ops.routes SET chain_id = $1", chain.json["id"])
    await postgres.execute("test", "UPDATE ops.routing SET version = version + 1")
    await postgres.close()
