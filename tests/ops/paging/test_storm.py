"""Much at once: few messages, nothing left out, the cadence kept."""

import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.ops.paging.world import World, phone


@pytest.fixture
def world(postgres: Postgres) -> World:
    return World(postgres)


async def told(world: World) -> list[int]:
    """Of each message how many groups it told of."""
    rows = await world.rows(
        "SELECT count(*) AS count FROM ops.notifications WHERE sent_at IS NOT NULL "
        "GROUP BY message_id ORDER BY message_id"
    )
    return [row["count"] for row in rows]


async def test_three_hundred_groups_at_once_are_one_page_and_one_bundle(world: World) -> None:
    chain = await world.chain()
    for number in range(300):
        await world.group(chain, key=str(number), title=f"Group {number}")
    await world.pager.step()
    assert world.channel.times == [0.0]
    await world.run(299)
    assert world.channel.times == [0.0, 60.0]
    assert await told(world) == [1, 299]
    assert world.channel.texts[1].startswith("299 alert groups: CRITICAL Group")
    assert len(world.channel.texts[1]) <= 160


async def test_pages_that_repeat_are_bundled_from_the_first(world: World) -> None:
    chain = await world.chain()
    for number in range(300):
        await world.group(chain, key=str(number))
    await world.pager.step()
    await world.run(420)
    assert world.channel.times[:3] == [0.0, 60.0, 300.0]
    assert sum(await told(world)) == 600


async def test_a_second_group_within_the_minute_waits_for_its_end_a_third_joins_it(world: World) -> None:
    chain = await world.chain()
    await world.group(chain, key="a")
    await world.pager.step()
    await world.run(10)
    await world.group(chain, key="b")
    await world.run(20)
    await world.group(chain, key="c")
    await world.run(100)
    assert world.channel.times == [0.0, 60.0]
    assert await told(world) == [1, 2]


async def test_a_group_that_was_acknowledged_while_it_waited_is_not_told(world: World) -> None:
    chain = await world.chain()
    await world.group(chain, key="a")
    await world.pager.step()
    second = await world.group(chain, key="b")
    await world.run(10)
    await world.desk.acknowledge(second, by="person:1", via="api")
    await world.run(200)
    assert world.channel.times == [0.0]


async def test_new_warnings_of_a_flapping_source_are_throttled_and_still_told(world: World) -> None:
    """Five texts in fifteen minutes, then together."""
    chain = await world.chain([{"kind": "notify-on-call", "scheduleId": 1}, {"kind": "wait", "seconds": 604_800}])
    for number in range(20):
        await world.group(chain, key=str(number), severity="warning")
        await world.run(120, every=5)
    await world.run(1800, every=5)
    at = world.channel.times
    for first in at:
        assert sum(first <= moment < first + 900 for moment in at) <= 5
    assert sum(await told(world)) == 20


async def test_critical_pages_keep_their_cadence_beyond_the_limits_of_a_phone(world: World) -> None:
    await world.group(await world.chain())
    await world.pager.step()
    await world.run(3 * 3600 - 5, every=5)
    assert [each.at for each in world.channel.taken if each.address == phone(1).address] == [
        300.0 * number for number in range(36)
    ]


async def test_steps_of_one_group_within_a_minute_are_not_taken_for_a_storm(world: World) -> None:
    chain = [{"kind": "notify-on-call", "scheduleId": 1}, {"kind": "wait", "seconds": 20}] * 3
    await world.group(await world.chain(chain))
    await world.pager.step()
    await world.run(59)
    assert world.channel.times == [0.0, 20.0, 40.0]


async def test_pages_of_one_group_that_waited_for_a_killed_sender_are_one_message_at_once(world: World) -> None:
    chain = [{"kind": "notify-on-call", "scheduleId": 1}, {"kind": "wait", "seconds": 5}] * 3
    await world.group(await world.chain(chain))
    await world.pager.step()
    for _ in range(2):
        world.clock.pass_(5)
        await world.pager.escalator.step()
    await world.pager.sender.step()
    assert world.channel.times == [0.0, 10.0]
    assert await told(world) == [1, 2]
    assert "CRITICAL again: Orders fail" in world.channel.texts[1]
