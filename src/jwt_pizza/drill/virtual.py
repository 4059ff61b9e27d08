"""A drill under a virtual clock: shop, factory, ops, phone and mailbox in this process, on a real PostgreSQL."""

import asyncio
import gc
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp
import asyncpg
import msgspec

from jwt_pizza.apps import drill, migration
from jwt_pizza.drill.figures import Measured
from jwt_pizza.drill.mailbox import Mailbox
from jwt_pizza.drill.phone import FROM, Phone
from jwt_pizza.drill.play import Respond, play, scripted
from jwt_pizza.drill.responder import Pages
from jwt_pizza.drill.scenario import Scenario, Way
from jwt_pizza.drill.stage import Stage
from jwt_pizza.drill.virtualtime import VirtualClock, VirtualLoop
from jwt_pizza.kit import embedded, settings
from jwt_pizza.kit.embedded import Cluster

_TEMPLATE: Final = "drill_template"


@contextmanager
def ground() -> Iterator[Cluster]:
    """A PostgreSQL of its own with a migrated database to copy; gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="jwt-pizza-drill-"))
    root.chmod(0o755)
    cluster = embedded.start(root, durable=False)
    try:
        asyncio.run(administer(cluster, f"CREATE DATABASE {_TEMPLATE}"))
        migration.migrate(cluster.url(_TEMPLATE))
        yield cluster
    finally:
        embedded.stop(cluster)
        shutil.rmtree(root, ignore_errors=True)


def run(scenario: Scenario, way: Way, cluster: Cluster, respond: Respond = scripted) -> Measured:
    """On a `ground`."""
    name = f"drill_{secrets.token_hex(6)}"
    asyncio.run(administer(cluster, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY"))
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(_run(scenario, way, cluster, cluster.url(name), respond))
    finally:
        asyncio.run(administer(cluster, f"DROP DATABASE {name} WITH (FORCE)"))


async def _run(scenario: Scenario, way: Way, cluster: Cluster, url: str, respond: Respond) -> Measured:
    clock, pages = VirtualClock(scenario.at(scenario.starts)), Pages()
    scratch = Path(tempfile.mkdtemp(prefix="jwt-pizza-drill-"))

    def comes() -> None:
        clock.stir()
        pages.ring()

    phone, mailbox = Phone(clock, comes), Mailbox(clock, comes)
    setup = scenario.setup(way)
    try:
        async with phone.switched_on(), mailbox.opened(), aiohttp.ClientSession() as client:
            chosen = msgspec.structs.replace(
                settings.load({}),
                data_dir=scratch,
                policy=setup.policy,
                report_zone=scenario.zone,
                watch_after_seconds=setup.alert_after,
                twilio_api_base=phone.url,
                twilio_account_sid=phone.sid,
                twilio_auth_token=phone.token,
                twilio_from=FROM,
                smtp_url=mailbox.url,
                # Chance has no part in a drill.
                exercise_share=0.0,
                log_level="error",
            )
            async with drill.running(chosen, url, clock, setup.reached_by or scenario.reached_by) as at:
                stage = Stage(
                    shop=at.shop,
                    factory=at.factory,
                    ops=at.ops,
                    operator_key=at.operator_key,
                    database_url=url,
                    cluster=cluster,
                    phone=phone,
                    mailbox=mailbox,
                    clock=clock,
                    client=client,
                    stir=clock.stir,
                )
                # What exists now lives as long as the drill: the collector need not walk it again and again.
                gc.collect()
                gc.freeze()
                return await play(stage, scenario, way, pages, respond)
    finally:
        gc.unfreeze()
        shutil.rmtree(scratch, ignore_errors=True)


async def administer(cluster: Cluster, statement: str) -> None:
    connection = await asyncpg.connect(cluster.url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
