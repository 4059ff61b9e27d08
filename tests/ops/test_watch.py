"""The watch itself: told once, resolved once, whatever dies or goes away."""

from jwt_pizza.kernel.vitals import Holding, Ovens, Pool
from tests.clocks import HandClock
from tests.ops.fleets import Ear, Memory, Ops, Worker


async def broken(ops: Ops) -> Worker:
    """A shop whose breaker is open."""
    shop = Worker(ops.clock)
    shop.is_(ovens=Ovens(policy="factory", breaker="open"))
    await ops.pass_(1, shop)
    return shop


async def test_an_alert_is_told_again_now_and_then_and_resolved_once() -> None:
    ops = Ops(HandClock())
    shop = await broken(ops)
    await ops.pass_(89, shop)
    assert len(ops.ear.heard) == 3
    assert len({alert.starts_at for alert in ops.ear.heard}) == 1
    shop.is_(ovens=Ovens(policy="factory", breaker="closed"))
    await ops.pass_(60, shop)
    last = ops.ear.heard[-1]
    assert last.ends_at is not None
    assert [alert.ends_at is None for alert in ops.ear.heard].count(False) == 1


async def test_flickering_does_not_resolve() -> None:
    ops = Ops(HandClock())
    shop = await broken(ops)
    for breaker in ("closed", "open") * 20:
        shop.is_(ovens=Ovens(policy="factory", breaker=breaker))
        await ops.pass_(5, shop)
    assert not [alert for alert in ops.ear.heard if alert.ends_at]


async def test_what_becomes_worse_is_another_alert_and_does_not_become_better() -> None:
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    one = Holding(owner="o", trace="", line="a.py:1", seconds=3.0, state="leaked", backend=1)
    full = Pool(name="shop", limit=10, reserved=0, used=2, idle=0, waiting=0)
    for leases, severity in (((one,), "warning"), ((one, one), "critical"), ((one,), "critical")):
        shop.is_(leases=leases, pool=full)
        await ops.pass_(1, shop)
        assert ops.ear.of("connections-leaking").labels["severity"] == severity
    (begun, _, over) = ops.ear.heard
    assert (over.labels, over.ends_at is None) == (begun.labels, False)


async def test_storage_that_is_away_delays_and_loses_nothing() -> None:
    """Not even that something was over in the meantime, and that something else began."""
    ops = Ops(HandClock())
    shop = await broken(ops)
    ops.memory.away = True
    shop.is_(ovens=Ovens(policy="factory", breaker="closed"))
    shop.orders(voided=1)
    await ops.pass_(20, shop)
    assert len(ops.ear.heard) == 1
    ops.memory.away = False
    await ops.pass_(0.5, shop)
    assert ops.ear.names() == {"failed-orders"}
    assert [alert.labels["alertname"] for alert in ops.ear.heard[1:]] == ["failed-orders", "breaker-open"]


async def test_happenings_are_acknowledged_only_when_they_are_stored() -> None:
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    assert (await ops.desk.take(shop.snapshot())).stored
    ops.memory.away = True
    assert not (await ops.desk.take(shop.snapshot())).stored


async def test_only_the_leader_tells_and_the_next_one_takes_over() -> None:
    """The leader dies with an alert that fires: the next one repeats it, from when it began, and resolves it."""
    clock = HandClock()
    memory = Memory()
    ear = Ear(memory)
    first, second = Ops(clock, memory, ear), Ops(clock, memory, ear)
    shop = Worker(clock)
    shop.is_(ovens=Ovens(policy="factory", breaker="open"))
    for _ in range(4):
        await first.pass_(0.5, shop)
        await second.watch.step()
    assert (first.watch.leads, second.watch.leads) == (True, False)
    assert len(ear.heard) == 1
    memory.leader = None
    await second.pass_(1, shop)
    assert second.watch.leads
    assert len(ear.heard) == 2
    assert ear.heard[0].starts_at == ear.heard[1].starts_at
    shop.is_(ovens=Ovens(policy="factory", breaker="closed"))
    await second.pass_(30, shop)
    assert not ear.fires


async def test_a_new_leader_resolves_what_is_over_since() -> None:
    clock = HandClock()
    memory = Memory()
    ear = Ear(memory)
    first = Ops(clock, memory, ear)
    shop = await broken(first)
    memory.leader = None
    shop.is_(ovens=Ovens(policy="factory", breaker="closed"))
    second = Ops(clock, memory, ear)
    await second.pass_(0.5, shop)
    assert ear.names() == {"breaker-open"}
    await second.pass_(30, shop)
    assert not ear.fires


async def test_what_came_in_through_another_process_of_ops_counts() -> None:
    clock = HandClock()
    memory = Memory()
    ear = Ear(memory)
    first, second = Ops(clock, memory, ear), Ops(clock, memory, ear)
    shop = Worker(clock)
    await first.pass_(1, shop)
    shop.orders(charged=1)
    await second.desk.take(shop.snapshot())
    await first.pass_(0.5)
    assert "failed-orders" in ear.names()


async def test_a_snapshot_that_arrives_late_changes_nothing() -> None:
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    late = shop.snapshot()
    shop.orders(fulfilled=5)
    await ops.pass_(1, shop)
    await ops.hear()
    await ops.desk.take(late)
    await ops.pass_(1, shop)
    assert not ops.ear.heard


async def test_who_stopped_before_anybody_listened_is_not_silent() -> None:
    """Ctrl-C, and started again within a minute."""
    clock = HandClock()
    earlier = Ops(clock)
    before = Worker(clock, "host:1")
    await earlier.pass_(20, before)
    earlier.memory.leader = None
    later = Ops(clock, earlier.memory)
    now = Worker(clock, "host:2")
    await later.pass_(30, now)
    assert later.ear.names() == set()
    await later.pass_(10)
    assert later.ear.names() == {"process-silent"}, "but who was heard of, and is not any more"
