"""What does not arrive goes another way; what a killed process began is done once more, at most."""

from typing import Any

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.channels.model import Handed, Message, NotHanded
from jwt_pizza.ops.events.model import PageFailed
from jwt_pizza.ops.paging.model import Receipt
from jwt_pizza.ops.people.model import NotificationRule
from tests.ops.paging.world import Pager, Recorder, World, mail, phone, someone


@pytest.fixture
def world(postgres: Postgres) -> World:
    return World(postgres)


def refuse(*channels: str, final: bool = True) -> Any:
    def fails(channel: str, address: str) -> NotHanded | None:
        return NotHanded("no", final=final) if channel in channels or address in channels else None

    return fails


async def test_what_cannot_be_handed_over_is_tried_again_then_goes_by_another_channel(world: World) -> None:
    world.book.people[1] = someone(1, phone(1), mail(1))
    world.channel.fails = refuse("sms", final=False)
    await world.group(await world.chain())
    await world.pager.step()
    await world.run(30)
    assert [(each.at, each.channel) for each in world.channel.taken] == [(10.0, "email")]
    failures = [fact for fact in await world.facts() if isinstance(fact, PageFailed)]
    assert [failure.final for failure in failures] == [False, False, True]


async def test_without_another_channel_the_next_step_comes_at_once(world: World) -> None:
    """The person on call cannot be reached twice, then the team is paged: not after ten minutes."""
    world.channel.fails = refuse(phone(1).address)
    await world.group(await world.chain())
    await world.pager.step()
    await world.run(10)
    assert [each.address for each in world.channel.taken] == [phone(2).address]


async def test_when_nothing_can_be_sent_it_goes_on_trying_and_does_not_spin(world: World) -> None:
    world.channel.fails = refuse("sms")
    await world.group(await world.chain())
    await world.pager.step()
    await world.run(600)
    pages = await world.value("SELECT max(page) FROM ops.notifications")
    assert 10 <= pages <= 20
    world.channel.fails = lambda *_: None
    await world.run(61)
    assert world.channel.taken


async def test_an_undelivered_text_goes_by_another_channel(world: World) -> None:
    world.book.people[1] = someone(1, phone(1), mail(1))
    world.channel.confirms = True
    await world.group(await world.chain())
    await world.pager.step()
    await receipt(world, arrived=False)
    await world.pager.step()
    assert [each.channel for each in world.channel.taken] == ["sms", "email"]
    assert await receipt(world, arrived=False), "replayed: known"
    await world.run(5)
    assert len(world.channel.taken) == 2


async def test_a_receipt_that_comes_before_the_sender_has_written_down_that_it_sent_counts(world: World) -> None:
    class Quick(Recorder):
        async def send(self, channel: str, address: str, message: Message) -> Handed:
            handed = await super().send(channel, address, message)
            await receipt(world, arrived=True)
            return handed

    world.pager = Pager(world, Quick(world.clock, confirms=True))
    await world.group(await world.chain())
    await world.pager.step()
    [row] = await world.rows("SELECT status, provider, sent_at, next_action_at, body FROM ops.notifications")
    assert (row["status"], row["next_action_at"]) == ("delivered", None)
    assert row["sent_at"] and row["provider"] == "recorder" and row["body"]


async def test_not_confirmed_in_time_by_a_provider_that_confirms_goes_by_another_channel(world: World) -> None:
    world.book.people[1] = someone(1, phone(1), mail(1))
    world.channel.confirms = True
    chain = await world.chain()
    first = await world.group(chain, key="a")
    await world.pager.step()
    await receipt(world, arrived=True)
    await world.desk.resolve(first, by="person:1", via="api")
    await world.run(120)
    await world.group(chain, key="b")
    await world.run(89)
    assert [each.channel for each in world.channel.taken] == ["sms", "sms"]
    await world.run(5)
    assert [each.channel for each in world.channel.taken] == ["sms", "sms", "email"]


async def test_a_provider_that_never_confirms_is_not_waited_for(world: World) -> None:
    world.book.people[1] = someone(1, phone(1), mail(1))
    world.channel.confirms = True
    await world.group(await world.chain())
    await world.pager.step()
    await world.run(299)
    assert [each.channel for each in world.channel.taken] == ["sms"]


async def test_a_claim_of_a_killed_process_is_taken_over_with_the_same_message(world: World) -> None:
    class Killed(BaseException):
        pass

    class Dying(Recorder):
        async def send(self, channel: str, address: str, message: Message) -> Handed:
            await super().send(channel, address, message)
            raise Killed

    dying = Dying(world.clock)
    await world.group(await world.chain())
    with pytest.raises(Killed):
        await Pager(world, dying).step()
    await world.run(60)
    assert world.channel.times == [20.0], "when its claim is over"
    assert world.channel.taken[0].message.id == dying.taken[0].message.id


async def test_several_contacts_by_rules_are_used_each_at_its_time(world: World) -> None:
    rules = [NotificationRule(phone(1).id, 0), NotificationRule(mail(1).id, 120)]
    world.book.people[1] = someone(1, phone(1), mail(1), default=rules)
    group = await world.group(await world.chain())
    await world.pager.step()
    await world.run(60)
    assert [each.channel for each in world.channel.taken] == ["sms"]
    await world.run(60)
    assert [(each.at, each.channel) for each in world.channel.taken] == [(0.0, "sms"), (120.0, "email")]
    await world.desk.acknowledge(group, by="person:1", via="api")


async def test_a_chain_that_cannot_be_followed_pages_everybody_it_can(world: World) -> None:
    chain = await world.chain([{"kind": "no-such-step"}])
    await world.group(chain)
    await world.pager.step()
    assert [each.address for each in world.channel.taken] == [phone(1).address, phone(2).address]
    assert len(world.failures) == 1
    await world.run(60)
    assert len(world.channel.taken) == 4


async def receipt(world: World, *, arrived: bool) -> bool:
    number = await world.value("SELECT min(message_id) FROM ops.notifications")
    told = Receipt(
        message_id=number, provider="recorder", provider_id="r1", arrived=arrived, error="" if arrived else "no"
    )
    return await world.pager.outbox.receipt(told, world.clock.now())
