"""Silences, maintenance windows and inhibition: what keeps alerts quiet, and what happens when it ends."""

import pytest

from jwt_pizza.kernel.errors import Invalid, NotFound
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.routing.matching import parsed
from jwt_pizza.ops.routing.model import InhibitionPlan, SilencePlan
from tests.ops.alerts.watch import BY, Watch, alert, watch

NODE_DOWN = InhibitionPlan(
    source=parsed("alertname=NodeDown"), target=parsed('severity=~"notice|warning"'), equal=("node",)
)


async def noisy(postgres: Postgres) -> Watch:
    ops = watch(postgres)
    await ops.chain()
    return ops


async def test_silenced_alert_is_recorded_and_pages_nobody_until_the_silence_is_over(postgres: Postgres) -> None:
    ops = await noisy(postgres)
    await ops.routing.silence(SilencePlan(matchers=parsed('service=~"sh.p"'), seconds=600, comment="deploy"), by=BY)
    await ops.intake.take((alert(service="shop", stale_after=3600),))
    group = await ops.group()
    assert (group.status, group.firing, group.loud, group.next_action_at) == ("firing", 1, 0, None)
    assert await ops.kinds(group.id) == ["group.opened", "alert.fired", "group.muted"]
    ops.clock.pass_(599)
    await ops.upkeep.step()
    assert (await ops.group()).next_action_at is None
    ops.clock.pass_(2)
    await ops.upkeep.step()
    group = await ops.group()
    assert (group.loud, group.next_action_at, group.generation) == (1, ops.clock.now(), 2)
    assert (await ops.kinds(group.id))[-1] == "group.unmuted"


async def test_silence_leaves_alone_what_pages_already_and_maintenance_stops_it(postgres: Postgres) -> None:
    ops = await noisy(postgres)
    await ops.intake.take((alert(stale_after=86400),))
    began = ops.clock.now()
    await ops.routing.silence(SilencePlan(matchers=parsed("alertname=OrdersFail"), seconds=600), by=BY)
    await ops.upkeep.step()
    assert (await ops.group()).next_action_at == began
    plan = SilencePlan(kind="maintenance", matchers=parsed("alertname=OrdersFail"), seconds=900)
    window = await ops.routing.silence(plan, by=BY)
    await ops.upkeep.step()
    group = await ops.group()
    assert (group.loud, group.next_action_at, group.generation) == (0, None, 2)
    ops.clock.pass_(700)
    await ops.routing.end_silence(window.id, by=BY)
    await ops.upkeep.step()
    group = await ops.group()
    assert (group.loud, group.next_action_at, group.generation) == (1, ops.clock.now(), 3)


async def test_planned_maintenance_begins_and_ends_by_itself(postgres: Postgres) -> None:
    ops = await noisy(postgres)
    await ops.intake.take((alert(stale_after=86400),))
    plan = SilencePlan(
        kind="maintenance",
        matchers=parsed("alertname=OrdersFail"),
        starts_at=ops.after(seconds=100),
        ends_at=ops.after(seconds=200),
    )
    await ops.routing.silence(plan, by=BY)
    seen = []
    for _ in range(5):
        await ops.upkeep.step()
        seen.append((await ops.group()).next_action_at is not None)
        ops.clock.pass_(50)
    assert seen == [True, True, False, False, True]


async def test_loud_alert_in_a_silenced_group_pages(postgres: Postgres) -> None:
    ops = await noisy(postgres)
    await ops.routing.silence(SilencePlan(matchers=parsed("instance=a"), seconds=600), by=BY)
    await ops.fire(instance="a")
    assert (await ops.group()).next_action_at is None
    ops.clock.pass_(5)
    await ops.fire(instance="b")
    group = await ops.group()
    assert (group.firing, group.loud, group.next_action_at) == (2, 1, ops.clock.now())
    await ops.end(instance="b")
    group = await ops.group()
    assert (group.status, group.loud, group.next_action_at) == ("firing", 0, None)


async def test_inhibited_alert_pages_when_what_muted_it_is_over(postgres: Postgres) -> None:
    ops = await noisy(postgres)
    await ops.routing.inhibit(NODE_DOWN, by=BY)
    await ops.upkeep.step()
    await ops.fire("NodeDown", node="1", severity="critical")
    await ops.fire("Slow", node="1", severity="warning")
    await ops.fire("Slower", node="2", severity="warning")
    quiet, loud = (await ops.groups())[1:]
    assert (quiet.loud, quiet.next_action_at, loud.next_action_at) == (0, None, ops.clock.now())
    alerts = (await ops.desk.story(quiet.id)).alerts
    assert [found.muted for found in alerts] == ["inhibition:1"]
    ops.clock.pass_(10)
    await ops.end("NodeDown", node="1", severity="critical")
    quiet = await ops.desk.get(quiet.id)
    assert (quiet.loud, quiet.next_action_at) == (1, ops.clock.now())


@pytest.mark.parametrize("together", [True, False])
async def test_source_that_fires_after_its_target_stops_it(postgres: Postgres, together: bool) -> None:
    ops = await noisy(postgres)
    await ops.routing.inhibit(NODE_DOWN, by=BY)
    target = alert("Slow", node="1", severity="warning")
    source = alert("NodeDown", node="1", severity="critical")
    if together:
        await ops.intake.take((target, source))
    else:
        await ops.intake.take((target,))
        await ops.intake.take((source,))
    found = {group.title: group for group in await ops.groups()}
    assert (found["Slow"].loud, found["Slow"].next_action_at) == (0, None)
    assert found["NodeDown"].next_action_at == ops.clock.now()


async def test_source_that_goes_stale_no_longer_mutes(postgres: Postgres) -> None:
    ops = await noisy(postgres)
    await ops.routing.inhibit(NODE_DOWN, by=BY)
    source = alert("NodeDown", node="1", severity="critical", stale_after=60)
    await ops.intake.take((source, alert("Slow", node="1", severity="warning", stale_after=3600)))
    ops.clock.pass_(61)
    await ops.upkeep.step()
    slow = {group.title: group for group in await ops.groups()}["Slow"]
    assert (slow.status, slow.next_action_at) == ("firing", ops.clock.now())


async def test_rule_that_is_made_or_removed_later_counts_for_what_fires(postgres: Postgres) -> None:
    ops = await noisy(postgres)
    await ops.fire("NodeDown", node="1", severity="critical")
    await ops.fire("Slow", node="1", severity="warning")
    rule = await ops.routing.inhibit(NODE_DOWN, by=BY)
    await ops.upkeep.step()
    assert (await ops.group()).next_action_at is None
    await ops.routing.remove_inhibition(rule.id, by=BY)
    await ops.upkeep.step()
    assert (await ops.group()).next_action_at == ops.clock.now()


async def test_alert_that_is_both_source_and_target_is_not_muted_by_its_like(postgres: Postgres) -> None:
    ops = await noisy(postgres)
    rule = InhibitionPlan(source=parsed('severity=~"critical|warning"'), target=parsed("severity=warning"))
    await ops.routing.inhibit(rule, by=BY)
    await ops.fire("A", severity="warning")
    await ops.fire("B", severity="warning")
    assert all(group.next_action_at for group in await ops.groups())


async def test_first_route_that_fits_takes_the_alert(postgres: Postgres) -> None:
    ops = watch(postgres)
    chain = await ops.chain()
    db = await ops.route("db", 'service="db", severity!="info"', group_by=("service",))
    teams = await ops.route("teams", 'team=~"pizza.*", job!~"test-.*"', group_by=("...",), chain_id=chain)
    await ops.fire("A", service="db", instance="1")
    await ops.fire("B", service="db", team="pizza")
    await ops.fire("C", service="db", severity="info")
    await ops.fire("D", team="pizzas", instance="1")
    await ops.fire("D", team="pizzas", instance="2")
    await ops.fire("E", team="pizza", job="test-7")
    default = (await ops.routing.routes())[-1].id
    found = [(group.title, group.route_id, group.firing) for group in await ops.groups()]
    assert found == [
        *(("A", db.id, 2), ("C", default, 1), ("D", teams.id, 1), ("D", teams.id, 1), ("E", default, 1)),
    ]
    await ops.routing.order_routes([teams.id, db.id], by=BY)
    await ops.fire("F", service="db", team="pizza")
    assert (await ops.group()).route_id == teams.id
    await ops.routing.remove_route(teams.id, by=BY)
    await ops.fire("G", service="db", team="pizza")
    assert (await ops.group()).title == "F"
    assert {group.route_id for group in await ops.groups() if group.labels == {"service": "db"}} == {db.id}


async def test_rules_of_another_process_count_at_once(postgres: Postgres) -> None:
    ops, other = watch(postgres), watch(postgres)
    await ops.fire("A", service="db")
    route = await other.route("db", "service=db")
    await ops.fire("B", service="db")
    assert (await ops.group()).route_id == route.id


async def test_what_cannot_be_set_up_is_refused_with_what_to_change(postgres: Postgres) -> None:
    ops = watch(postgres)
    with pytest.raises(Invalid, match="not valid RE2"):
        await ops.route("x", 'a=~"("')
    with pytest.raises(Invalid, match="not valid RE2"):
        await ops.route("x", 'a=~"(a)\\\\1"')
    with pytest.raises(Invalid, match="not empty"):
        await ops.routing.silence(SilencePlan(matchers=parsed('a=~".*"'), seconds=60), by=BY)
    with pytest.raises(Invalid, match="either endsAt or seconds"):
        await ops.routing.silence(SilencePlan(matchers=parsed("a=b")), by=BY)
    with pytest.raises(Invalid, match="at most 90 days"):
        await ops.routing.silence(SilencePlan(matchers=parsed("a=b"), seconds=1e300), by=BY)
    with pytest.raises(Invalid, match="no such chain"):
        await ops.route("x", "a=b", chain_id=999999)
    with pytest.raises(NotFound, match="stays"):
        await ops.routing.remove_route((await ops.routing.routes())[-1].id, by=BY)
    with pytest.raises(Invalid, match="list of matchers"):
        parsed("a b")


def test_matchers_are_read_as_people_write_them() -> None:
    written = '{alertname="A b", severity=~"page|critical", job!=test,x!~"a,b"}'
    assert [str(matcher) for matcher in parsed(written)] == [
        'alertname="A b"',
        'severity=~"page|critical"',
        'job!="test"',
        'x!~"a,b"',
    ]


async def test_more_severe_alert_that_joined_muted_pages_when_its_silence_is_over(postgres: Postgres) -> None:
    ops = await noisy(postgres)
    await ops.fire(severity="warning")
    await ops.routing.silence(SilencePlan(matchers=parsed("severity=critical"), seconds=600), by=BY)
    await ops.desk.acknowledge((await ops.group()).id, by=BY, via="api")
    await ops.intake.take((alert(severity="critical", stale_after=86400),))
    group = await ops.group()
    assert (group.status, group.severity, group.next_action_at) == ("acknowledged", "warning", None)
    ops.clock.pass_(601)
    await ops.upkeep.step()
    group = await ops.group()
    assert (group.status, group.severity, group.next_action_at) == ("firing", "critical", ops.clock.now())
