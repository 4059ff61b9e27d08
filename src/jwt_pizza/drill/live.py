"""A drill on real processes and real sockets: the one-command run in a directory of its own, on loopback, where every
duration of the scenario is divided by the speed. Deadlines and thresholds of the system stay what they are."""

import asyncio
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from jwt_pizza.drill.figures import Measured
from jwt_pizza.drill.mailbox import Mailbox
from jwt_pizza.drill.phone import FROM, Phone
from jwt_pizza.drill.play import Respond, play, scripted
from jwt_pizza.drill.responder import Pages
from jwt_pizza.drill.scenario import Reach, Scenario, Way
from jwt_pizza.drill.stage import Failed, Stage
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit import embedded

_READY: Final = re.compile(r"ready: shop (?P<shop>\S+) ops (?P<ops>\S+)")
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_OURS: Final = ("JWT_PIZZA_", "DATABASE_URL", "TWILIO_", "SMTP_URL", "OTEL_")


class LiveClock:
    """The scenario's time, as fast as it is told to be. It stands at `start` until it is begun."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._machine = SystemClock()
        self._began = self._machine.now()

    def begin(self) -> None:
        self._began = self._machine.now()

    def now(self) -> datetime:
        return self.told(self._machine.now())

    def told(self, moment: datetime) -> datetime:
        return self._start + (moment - self._began) * self._speed

    def monotonic(self) -> float:
        return self._machine.monotonic() * self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    async def rest(self, seconds: float, *, most: float) -> float:  # noqa: ARG002 - it never takes longer
        await self.sleep(seconds)
        return 0.0


class _Contact(msgspec.Struct):
    id: int
    channel: str


class _Person(msgspec.Struct):
    id: int
    email: str | None = None


class _Reachable(msgspec.Struct):
    contacts: tuple[_Contact, ...]


class _Chain(msgspec.Struct, rename="camel"):
    id: int
    team_id: int
    name: str
    steps: list[dict[str, object]]


async def run(scenario: Scenario, way: Way, speed: float, respond: Respond = scripted) -> Measured:
    async with _staged(scenario, way, speed) as (stage, pages):
        return await play(stage, scenario, way, pages, respond)


@asynccontextmanager
async def _staged(scenario: Scenario, way: Way, speed: float) -> AsyncIterator[tuple[Stage, Pages]]:
    clock, pages = LiveClock(scenario.at(scenario.starts), speed), Pages()
    phone, mailbox = Phone(clock, pages.ring), Mailbox(clock, pages.ring)
    root = _scratch()
    setup = scenario.setup(way)
    try:
        async with phone.switched_on(), mailbox.opened(), aiohttp.ClientSession() as client:
            settings = {
                "JWT_PIZZA_POLICY": setup.policy,
                "JWT_PIZZA_REPORT_ZONE": scenario.zone,
                "JWT_PIZZA_EXERCISE_SHARE": "0",
                "JWT_PIZZA_OPS_TOKEN": secrets.token_urlsafe(),
                "TWILIO_API_BASE": phone.url,
                "TWILIO_ACCOUNT_SID": phone.sid,
                "TWILIO_AUTH_TOKEN": phone.token,
                "TWILIO_FROM": FROM,
                "SMTP_URL": mailbox.url,
            }
            if setup.alert_after is not None:
                settings["JWT_PIZZA_WATCH_AFTER_SECONDS"] = f"{setup.alert_after / speed:g}"
            async with _up(root, settings) as (shop, ops):
                cluster = embedded.running(root)
                if cluster is None:
                    raise Failed("the embedded PostgreSQL does not run")
                key = (root / "run" / "factory-operator-key").read_text(encoding="ascii").strip()
                stage = Stage(
                    shop=shop,
                    factory=f"{shop}/factory",
                    ops=ops,
                    operator_key=key,
                    database_url=cluster.url(),
                    cluster=cluster,
                    phone=phone,
                    mailbox=mailbox,
                    clock=clock,
                    client=client,
                    told=clock.told,
                    speed=speed,
                )
                await _arrange(stage, setup.reached_by or scenario.reached_by)
                clock.begin()
                yield stage, pages
    finally:
        left = await asyncio.to_thread(embedded.running, root)
        if left is not None:
            await asyncio.to_thread(embedded.stop, left)
        shutil.rmtree(root, ignore_errors=True)


def _scratch() -> Path:
    root = Path(tempfile.mkdtemp(prefix="jwt-pizza-drill-"))
    root.chmod(0o755)
    return root


@asynccontextmanager
async def _up(root: Path, settings: Mapping[str, str]) -> AsyncIterator[tuple[str, str]]:
    """Addresses of shop and ops. Nothing of this process's own settings reaches it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    argv = ["-m", "jwt_pizza", "up", "--port", "0", "--ops-port", "0", "--data-dir", str(root)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *argv, env={**environment, **settings}, stdout=asyncio.subprocess.PIPE
    )
    if process.stdout is None:
        raise Failed("the system has no output")
    reading: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(_START_SECONDS):
            while line := (await process.stdout.readline()).decode():
                if found := _READY.search(line):
                    break
            else:
                raise Failed("the system did not start")
        reading = asyncio.create_task(_drain(process.stdout))
        yield found["shop"], found["ops"]
    except TimeoutError as error:
        raise Failed("the system did not start in time") from error
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
        if reading is not None:
            reading.cancel()


async def _drain(output: asyncio.StreamReader) -> None:
    while await output.readline():
        pass


async def _arrange(stage: Stage, reached_by: Reach) -> None:
    """The engineer has these contacts alone, and the chain's waits are as short as the scenario is fast."""
    token = await stage.engineer(stage.ops)
    for person in await stage.ask(tuple[_Person, ...], "GET", f"{stage.ops}/api/people", token=token):
        reachable = await stage.ask(_Reachable, "GET", f"{stage.ops}/api/people/{person.id}", token=token)
        for contact in reachable.contacts:
            if contact.channel not in reached_by:
                url = f"{stage.ops}/api/contacts/{contact.id}"
                await stage.ask(dict[str, msgspec.Raw], "DELETE", url, token=token)
    for chain in await stage.ask(tuple[_Chain, ...], "GET", f"{stage.ops}/api/chains", token=token):
        steps = [_faster(step, stage.speed) for step in chain.steps]
        body = {"teamId": chain.team_id, "name": chain.name, "steps": steps}
        await stage.ask(dict[str, msgspec.Raw], "PUT", f"{stage.ops}/api/chains/{chain.id}", body, token=token)


def _faster(step: dict[str, object], speed: float) -> dict[str, object]:
    seconds = step.get("seconds")
    if step.get("kind") != "wait" or not isinstance(seconds, int | float):
        return step
    shorter = timedelta(seconds=seconds) / speed
    return {**step, "seconds": max(1.0, round(shorter.total_seconds(), 3))}
