"""The incident's chain, on a real database and a clock turned by hand."""

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.events.model import NobodyPaged, PageSent
from tests.ops.paging.world import World, mail, phone, someone


@pytest.fixture
def world(postgres: Postgres) -> World:
    return World(postgres)


async def test_pages_every_five_minutes_until_somebody_acknowledges_and_none_after(world: World) -> None:
    group = await world.group(await world.chain())
    await world.pager.step()
    await world.run(2 * 3600 - 5, every=5)
    to_first = [each.at for each in world.channel.taken if each.address == phone(1).address]
    assert to_first == [300.0 * number for number in range(24)]
    assert [each.at for each in world.channel.taken if each.address == phone(2).address] == [
        600.0 + 900 * number for number in range(8)
    ]
    await world.desk.acknowledge(group, by="person:1", via="link")
    sent = len(world.channel.taken)
    await world.run(3600, every=5)
    assert len(world.channel.taken) == sent


async def test_page_says_what_is_wrong_and_how_to_answer_in_one_text(world: World) -> None:
    await world.group(await world.chain(), title="12 of 12 orders failed in 60 s – factory “fail”")
    await world.pager.step()
    [text] = world.channel.texts
    assert text.startswith(
        'CRITICAL: 12 of 12 orders failed in 60 s - factory "fail". Since 15:25 UTC. http://ops.example/a/'
    )
    assert text.endswith(" or reply 1a")
    assert len(text) <= 160


async def test_acknowledged_between_step_and_sending_is_not_sent(world: World) -> None:
    group = await world.group(await world.chain())
    await world.pager.escalator.step()
    await world.desk.acknowledge(group, by="person:1", via="console")
    await world.pager.sender.step()
    assert world.channel.taken == []
    assert await world.value("SELECT status FROM ops.notifications") == "void"


async def test_whoever_has_no_rules_is_reached_by_the_first_contact_that_works(world: World) -> None:
    world.book.people[1] = someone(1, phone(1, verified=False), mail(1))
    await world.group(await world.chain())
    await world.pager.step()
    assert [(each.channel, each.address) for each in world.channel.taken] == [("email", mail(1).address)]


async def test_nobody_on_call_pages_the_team_and_says_so(world: World) -> None:
    world.book.shifts = {}
    await world.group(await world.chain())
    await world.pager.step()
    assert [each.address for each in world.channel.taken] == [phone(1).address, phone(2).address]
    [nobody] = [fact for fact in await world.facts() if isinstance(fact, NobodyPaged)]
    assert nobody.reason == "nobody is on call, so 2 others were paged"


async def test_a_team_that_cannot_be_reached_pages_everybody_else(world: World) -> None:
    world.book.shifts = {}
    world.book.people |= {number: someone(number, phone(number, verified=False)) for number in (1, 2)}
    await world.group(await world.chain())
    await world.pager.step()
    assert [each.address for each in world.channel.taken] == [phone(3).address]


async def test_what_happened_is_in_the_log(world: World) -> None:
    await world.group(await world.chain())
    await world.pager.step()
    kinds = [type(fact).__name__ for fact in await world.facts()]
    assert kinds == ["StepTaken", "PageQueued", "PageSent"]
    [sent] = [fact for fact in await world.facts() if isinstance(fact, PageSent)]
    assert (sent.person_id, sent.channel, sent.provider) == (1, "sms", "recorder")
