"""PostgreSQL is stopped for real; the clock is turned by hand."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from jwt_pizza.apps import migration
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit import embedded
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.pulse import Pulse
from jwt_pizza.ops.blackout.notebook import Files
from jwt_pizza.ops.blackout.service import Lifeline
from jwt_pizza.ops.blackout.store import PostgresRecollection
from jwt_pizza.ops.channels.model import NotHanded
from jwt_pizza.ops.events.model import DatabaseBack, DatabaseLost, GroupAcknowledged, PageSent
from jwt_pizza.ops.events.store import PostgresEvents
from jwt_pizza.ops.paging.links import Seal
from tests import places
from tests.clocks import HandClock
from tests.ops.paging.world import INCIDENT, Book, Recorder, book, mail, phone, someone


@dataclass
class Cluster:
    place: Path
    url: str

    def start(self) -> None:
        embedded.start(self.place, durable=False)

    def stop(self) -> None:
        running = embedded.running(self.place)
        assert running
        embedded.stop(running)


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    place = places.folder()
    cluster = embedded.start(place, durable=False)
    migration.migrate(cluster.url())
    yield Cluster(place, cluster.url())
    running = embedded.running(place)
    if running:
        embedded.stop(running)
    shutil.rmtree(place, ignore_errors=True)


class Process:
    """One ops process, as far as this goes."""

    def __init__(
        self, postgres: Postgres, url: str, book: Book, clock: HandClock, channel: Recorder, notes: Path
    ) -> None:
        self.files = Files(notes, lambda *_: None)
        self.pulse = Pulse(url, "test pulse")
        self.clock = clock
        self.seal = Seal(lambda: self.lifeline.key, "http://ops.example")
        self.lifeline = Lifeline(
            self.pulse,
            PostgresRecollection(postgres, book, book),
            self.files,
            channel,
            self.seal,
            PostgresEvents(postgres),
            clock,
        )

    async def run(self, seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            self.clock.pass_(0.5)
            await self.lifeline.step()

    def die(self) -> None:
        self.pulse.close()
        self.files.close()


@dataclass
class Site:
    cluster: Cluster
    postgres: Postgres
    book: Book
    clock: HandClock
    channel: Recorder
    notes: Path

    def process(self) -> Process:
        return Process(self.postgres, self.cluster.url, self.book, self.clock, self.channel, self.notes)

    async def story(self) -> list[object]:
        start = HandClock().now()
        events = await PostgresEvents(self.postgres).between(start, self.clock.now() + timedelta(hours=1), take=1000)
        return [(event.fact, event.actor, (event.at - start).total_seconds()) for event in events]


@pytest.fixture
async def site(own_cluster: Cluster, tmp_path: Path) -> AsyncIterator[Site]:
    own_cluster.start()
    postgres = await Postgres(own_cluster.url, name="test", size=3, least=0).open()
    await postgres.execute("test", "ALTER TABLE ops.events DISABLE TRIGGER USER")
    await postgres.execute("test", "DELETE FROM ops.events")
    await postgres.execute("test", "ALTER TABLE ops.events ENABLE TRIGGER USER")
    await postgres.execute("test", "INSERT INTO ops.teams (name) VALUES ('Pizza') ON CONFLICT DO NOTHING")
    await postgres.execute(
        "test",
        "INSERT INTO ops.chains (team_id, name, steps) SELECT id, 'incident', $1 FROM ops.teams ON CONFLICT DO NOTHING",
        msgspec.json.encode(INCIDENT).decode(),
    )
    clock = HandClock()
    yield Site(own_cluster, postgres, book(), clock, Recorder(clock), tmp_path / "pager")
    await postgres.close()


def to(site: Site, person: int) -> list[float]:
    return [each.at for each in site.channel.taken if each.address == phone(person).address]


async def test_database_gone_for_twelve_minutes_is_paged_on_the_chain_s_cadence_and_written_down_after(
    site: Site,
) -> None:
    process = site.process()
    await process.lifeline.refresh()
    await process.lifeline.step()
    await asyncio.to_thread(site.cluster.stop)
    gone = site.clock.monotonic()
    await process.run(12 * 60)
    first, second, third = to(site, 1)
    assert first - gone <= 5
    assert (second - first, third - first) == (300, 600)
    assert to(site, 2) == [third], "the third step pages the team"
    assert site.channel.texts[0].startswith("CRITICAL: the database of ops is away since 15:25 UTC. ")
    assert len(site.channel.texts[0]) <= 160
    with pytest.raises(Unavailable):
        await process.lifeline.refresh()
    await asyncio.to_thread(site.cluster.start)
    await process.run(5)
    facts = [fact for fact, _, _ in await site.story()]  # type: ignore[misc]
    assert isinstance(facts[0], DatabaseLost)
    assert [type(fact) for fact in facts[1:5]] == [PageSent] * 4
    assert isinstance(facts[5], DatabaseBack)
    assert facts[5].pages == 4
    assert facts[5].seconds == pytest.approx(720, abs=3)
    assert site.channel.texts[4:] == ["RESOLVED: the database of ops is back after 12 min."] * 2
    await process.run(60)
    assert len(await site.story()) == 6
    process.die()


async def test_acknowledged_by_the_link_in_memory_it_is_quiet_and_that_is_written_down(site: Site) -> None:
    process = site.process()
    await process.lifeline.refresh()
    await asyncio.to_thread(site.cluster.stop)
    await process.run(60)
    token = site.channel.texts[0].split("/a/")[1].split(" ")[0]
    link = process.seal.read(token, site.clock.now())
    assert (link.names, link.person_id) == ("outage", 1)
    assert process.lifeline.sees(link.subject) == "The database of ops is away since 15:25 UTC."
    process.lifeline.acknowledge(link.person_id, "link")
    await process.run(1200)
    assert len(site.channel.taken) == 1
    await asyncio.to_thread(site.cluster.start)
    await process.run(5)
    story = await site.story()
    [acknowledged] = [each for each in story if isinstance(each[0], GroupAcknowledged)]  # type: ignore[index]
    assert acknowledged[1:] == ("person:1", 60.0)  # type: ignore[index]
    process.die()


async def test_a_process_killed_meanwhile_goes_on_from_its_notes_also_when_it_starts_without_a_database(
    site: Site,
) -> None:
    first = site.process()
    await first.lifeline.refresh()
    assert (site.notes / "roster.json").stat().st_mode & 0o777 == 0o600
    await asyncio.to_thread(site.cluster.stop)
    await first.run(100)
    first.die()
    second = site.process()
    await second.run(300)
    paged, again = to(site, 1)
    assert again - paged == 300
    await asyncio.to_thread(site.cluster.start)
    await second.run(5)
    facts = [fact for fact, _, _ in await site.story()]  # type: ignore[misc]
    assert [type(fact) for fact in facts] == [DatabaseLost, PageSent, PageSent, DatabaseBack]
    second.die()


async def test_of_two_processes_on_a_machine_one_pages_and_the_other_takes_over(site: Site) -> None:
    processes = [site.process(), site.process()]
    for process in processes:
        await process.lifeline.refresh()
    await asyncio.to_thread(site.cluster.stop)
    for _ in range(120):
        site.clock.pass_(0.5)
        for process in processes:
            await process.lifeline.step()
    assert len(site.channel.taken) == 1
    processes[0].die()
    await processes[1].run(300)
    assert len(to(site, 1)) == 2
    # A link reaches either of them: the one that does not page tells the other by their notes.
    late = site.process()
    late.lifeline.acknowledge(1, "link")
    await processes[1].run(600)
    assert len(to(site, 1)) == 2
    await asyncio.to_thread(site.cluster.start)
    for process in (processes[1], late):
        process.die()


async def test_what_cannot_be_sent_goes_another_way_then_to_the_next_person(site: Site) -> None:
    site.book.people[1] = someone(1, phone(1), mail(1))
    site.channel.fails = lambda channel, address: NotHanded("no") if "0001" in address or channel == "email" else None
    process = site.process()
    await process.lifeline.refresh()
    await asyncio.to_thread(site.cluster.stop)
    await process.run(6)
    assert [each.address for each in site.channel.taken] == [phone(2).address]
    await asyncio.to_thread(site.cluster.start)
    process.die()


async def test_a_restart_of_the_database_pages_nobody(site: Site) -> None:
    process = site.process()
    await process.lifeline.refresh()
    await asyncio.to_thread(site.cluster.stop)
    await process.run(1.5)
    await asyncio.to_thread(site.cluster.start)
    await process.run(30)
    assert site.channel.taken == []
    assert await site.story() == []
    process.die()
