"""Acknowledged means quiet, but for the reminders that a route asks for."""

from jwt_pizza.kit.postgres import Postgres
from tests.ops.paging.world import World, phone

_REMIND = 600


async def acknowledged(world: World) -> int:
    """Paged to the first person, and acknowledged by the second."""
    await world.value("UPDATE ops.routes SET remind_seconds = $1 RETURNING id", float(_REMIND))
    group = await world.group(await world.chain(), title="12 of 12 orders failed")
    await world.pager.step()
    await world.desk.acknowledge(group, by="person:2", via="link")
    world.channel.taken.clear()
    return group


async def wait(world: World, seconds: int) -> None:
    for _ in range(seconds // 5):
        world.clock.pass_(5)
        await world.pager.escalator.remind()
        await world.pager.step()


async def test_whoever_acknowledged_is_reminded_until_it_is_over(postgres: Postgres) -> None:
    world = World(postgres)
    group = await acknowledged(world)
    await wait(world, 3 * _REMIND)
    assert world.channel.times == [600.0, 1200.0, 1800.0]
    assert {each.address for each in world.channel.taken} == {phone(2).address}
    assert all("12 of 12 orders failed" in text and "acknowledged" in text for text in world.channel.texts)
    await world.desk.resolve(group, by="person:2", via="console")
    await wait(world, 2 * _REMIND)
    assert len(world.channel.taken) == 3


async def test_two_processes_remind_once(postgres: Postgres) -> None:
    world = World(postgres)
    await acknowledged(world)
    world.clock.pass_(_REMIND)
    for _ in range(3):
        await world.pager.escalator.remind()
    await world.pager.step()
    assert len(world.channel.taken) == 1


async def test_reminder_of_what_was_resolved_meanwhile_is_not_sent(postgres: Postgres) -> None:
    world = World(postgres)
    group = await acknowledged(world)
    world.clock.pass_(_REMIND)
    await world.pager.escalator.remind()
    await world.desk.resolve(group, by="person:2", via="console")
    await world.pager.sender.step()
    assert world.channel.taken == []
