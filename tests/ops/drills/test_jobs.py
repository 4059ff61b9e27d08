"""Drills are played one at a time, whichever process of ops plays them, and none is forgotten."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.drills.jobs import PATIENCE, Stagehand
from jwt_pizza.ops.drills.model import Drill, Manner, Plan
from jwt_pizza.ops.drills.said import Line, Offer, Result, Row, Said, Scene
from jwt_pizza.ops.drills.store import PostgresDrills
from jwt_pizza.ops.events.model import DrillAsked, DrillEnded
from jwt_pizza.ops.events.store import PostgresEvents
from tests.clocks import HandClock

RESULT = Result(title="Chaos", ways=("as built",), rows=(Row("orders failed", ("0",)),), report="# Nobody was hurt\n")


class Theatre:
    """Plays as it is told, line by line."""

    def __init__(self) -> None:
        self.plays: list[Acting] = []

    async def offers(self) -> Sequence[Offer]:
        return []

    async def open(self, plan: Plan) -> "Acting":
        self.plays.append(Acting())
        return self.plays[-1]


class Acting:
    def __init__(self) -> None:
        self.says: asyncio.Queue[Line | None] = asyncio.Queue()
        self.typed: list[str] = []
        self.words = ""
        self.stopped = False

    async def lines(self) -> AsyncIterator[Line]:
        while (line := await self.says.get()) is not None:
            yield line

    async def type(self, text: str) -> None:
        self.typed.append(text)

    def stop(self) -> None:
        self.stopped = True
        self.says.put_nowait(None)

    async def end(self) -> str:
        return self.words


class Company:
    """Two processes of ops over one database."""

    def __init__(self, postgres: Postgres) -> None:
        self.clock = HandClock()
        self.drills = PostgresDrills(postgres)
        self.events = PostgresEvents(postgres)
        self.theatre = Theatre()
        self.first, self.second = [
            Stagehand(self.drills, self.theatre, name, self.clock, lambda: None) for name in ("first", "second")
        ]

    async def ask(self, manner: Manner = "virtual") -> int:
        plan = Plan(scenario="bad-pizzas", way="as-built", manner=manner)
        drill = await self.drills.add(plan, most=3, by="person:1", at=self.clock.now())
        assert drill is not None
        return drill.id

    async def heard(self, *lines: Line | None, play: int = -1) -> None:
        """It says so, and the process that plays it has heard it."""
        for line in lines:
            self.theatre.plays[play].says.put_nowait(line)
        for _ in range(10):
            await asyncio.sleep(0)

    async def look(self, drill_id: int) -> tuple[Drill, list[str]]:
        found = await self.drills.get(drill_id)
        assert found is not None
        return found[0], [entry.text for entry in found[1]]


async def test_two_processes_play_one_after_the_other(postgres: Postgres) -> None:
    company = Company(postgres)
    one, two, three = [await company.ask() for _ in range(3)]
    assert await company.drills.add(Plan(scenario="x"), most=3, by="person:1", at=company.clock.now()) is None
    await asyncio.gather(company.first.step(), company.second.step())
    await asyncio.gather(company.first.step(), company.second.step())
    assert len(company.theatre.plays) == 1
    await company.heard(Said("as built"), Said("nul \0 is no text"), RESULT, None)
    await asyncio.gather(company.first.step(), company.second.step())
    done, log = await company.look(one)
    assert (done.state, done.result, done.problem, log) == ("done", RESULT, "", ["as built", "nul  is no text"])
    await company.drills.stop(three, by="person:2", at=company.clock.now())
    await company.second.step()
    company.theatre.plays[-1].words = "scenario.toml: ends must be after starts"
    await company.heard(None)
    for _ in range(2):
        await asyncio.gather(company.first.step(), company.second.step())
    failed, _ = await company.look(two)
    assert (failed.state, failed.problem) == ("failed", "scenario.toml: ends must be after starts")
    assert (await company.look(three))[0].state == "stopped"
    assert len(company.theatre.plays) == 2
    start = company.clock.now()
    told = await company.events.between(start - timedelta(1), start + timedelta(1), take=20)
    assert [event.actor for event in told if isinstance(event.fact, DrillAsked)] == ["person:1"] * 3
    ended = [(event.fact.drill_id, event.fact.how, event.actor) for event in told if isinstance(event.fact, DrillEnded)]
    assert ended == [(one, "done", "system"), (three, "stopped", "person:2"), (two, "failed", "system")]


async def test_what_people_type_reaches_the_drill_once(postgres: Postgres) -> None:
    company = Company(postgres)
    played = await company.ask("played")
    assert not await company.drills.type(played, "a", by="person:1", at=company.clock.now()), "it does not run yet"
    await company.first.step()
    await company.heard(Scene(shop="http://127.0.0.1:1", console="http://127.0.0.1:2"))
    for line in ("a", "n it is the factory"):
        assert await company.drills.type(played, line, by="person:1", at=company.clock.now())
    await company.first.step()
    await company.first.step()
    assert company.theatre.plays[0].typed == ["a", "n it is the factory"]
    running, log = await company.look(played)
    assert (running.state, running.console, log) == ("running", "http://127.0.0.1:2", ["a", "n it is the factory"])
    await company.drills.stop(played, by="person:1", at=company.clock.now())
    await company.first.step()
    assert company.theatre.plays[0].stopped
    await company.heard()
    await company.first.step()
    over, _ = await company.look(played)
    assert (over.state, over.console) == ("stopped", None)
    assert not await company.drills.type(played, "a", by="person:1", at=company.clock.now())


async def test_a_drill_whose_process_died_does_not_keep_the_others_waiting(postgres: Postgres) -> None:
    company = Company(postgres)
    lost, next_one = await company.ask(), await company.ask()
    await company.first.step()
    company.clock.pass_(PATIENCE.total_seconds() - 1)
    await company.second.step()
    assert (await company.look(lost))[0].state == "running"
    company.clock.pass_(2)
    await company.second.step()
    assert (await company.look(lost))[0].problem == "the process that played it is gone"
    assert (await company.look(next_one))[0].state == "running"
    await company.first.step()
    assert company.theatre.plays[0].stopped, "the one that was only slow gives up what is no longer its own"
    await company.second.close()
    assert (await company.look(next_one))[0].problem == "ops was stopped while it ran"


async def test_a_drill_that_never_ends_is_ended(postgres: Postgres) -> None:
    company = Company(postgres)
    endless = await company.ask()
    await company.first.step()
    company.clock.pass_(3600)
    await company.first.step()
    await company.heard()
    await company.first.step()
    assert (await company.look(endless))[0].problem == "it took too long, and was ended"
