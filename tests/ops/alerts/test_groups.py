"""What becomes of groups when alerts come and go, and what people do with them."""

import pytest

from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.kit.postgres import Postgres
from tests.ops.alerts.watch import BY, alert, watch


async def test_first_alert_opens_a_group_that_pages_at_once(postgres: Postgres) -> None:
    ops = watch(postgres)
    chain = await ops.chain()
    await ops.intake.take((alert(summary="3 of 10 orders\nfail", severity="page", service="shop"),))
    group = await ops.group()
    assert (group.title, group.severity, group.status) == ("3 of 10 orders fail", "critical", "firing")
    assert (group.firing, group.loud, group.generation, group.next_action_at) == (1, 1, 1, ops.clock.now())
    assert group.labels == {"alertname": "OrdersFail"}
    assert (await ops.row(group.id))["chain_id"] == chain
    assert await ops.kinds(group.id) == ["group.opened", "alert.fired"]
    assert ops.rings


async def test_without_a_chain_nobody_is_paged(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.fire()
    assert (await ops.group()).next_action_at is None


async def test_same_alert_from_a_pair_of_senders_is_one_whatever_the_order_of_its_labels(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.intake.take((alert(a="1", b="2"), alert(b="2", a="1", source="grafana")))
    await ops.intake.take((alert(b="2", a="1", source="grafana"),))
    group = await ops.group()
    assert (len(await ops.groups()), group.firing) == (1, 1)
    assert await ops.kinds(group.id) == ["group.opened", "alert.fired"]


@pytest.mark.parametrize("before", ["a storm", "calm"])
async def test_what_is_told_again_within_a_moment_is_not_written_again(postgres: Postgres, before: str) -> None:
    ops = watch(postgres)
    told = tuple(alert(instance=str(number)) for number in range(40))
    await ops.intake.take(told)
    if before == "calm":
        await ops.intake.take(told[:1])
    written = "SELECT array_agg(xmin::text) FROM ops.alerts"
    rows = await postgres.fetchval("test", written)
    ops.rings.clear()
    ops.clock.pass_(1)
    await ops.intake.take(told)
    assert await postgres.fetchval("test", written) == rows
    assert len(await ops.kinds((await ops.group()).id)) == 41
    assert not ops.rings, "there is nothing to do for the pager"


async def test_last_alert_that_resolves_resolves_the_group(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.chain()
    await ops.fire(instance="a")
    await ops.fire(instance="b")
    await ops.end(instance="a")
    assert (await ops.group()).status == "firing"
    await ops.end(instance="b")
    group = await ops.group()
    assert (group.status, group.firing, group.next_action_at, group.resolved_by) == ("resolved", 0, None, "system")
    assert group.generation == 2
    assert await ops.kinds(group.id) == [
        *("group.opened", "alert.fired", "alert.fired", "alert.resolved", "alert.resolved", "group.resolved")
    ]


async def test_alert_that_fires_again_after_its_group_resolved_opens_another_one(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.chain()
    await ops.fire()
    await ops.end()
    await ops.end()
    await ops.fire()
    first, second = await ops.groups()
    assert (first.status, second.status, second.next_action_at) == ("resolved", "firing", ops.clock.now())


async def test_resolution_by_hand_lasts_until_an_alert_fires_anew(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.fire(instance="a")
    first = await ops.group()
    await ops.desk.resolve(first.id, by=BY, via="console")
    ops.clock.pass_(200)
    await ops.fire(instance="a")
    assert len(await ops.groups()) == 1
    await ops.fire(instance="b")
    assert [group.status for group in await ops.groups()] == ["resolved", "firing"]
    await ops.end(instance="b")
    await ops.end(instance="a")
    await ops.fire(instance="a")
    assert [group.status for group in await ops.groups()] == ["resolved", "resolved", "firing"]
    assert (await ops.desk.get(first.id)).firing == 0


async def test_message_that_was_delayed_does_not_open_what_its_source_has_ended(postgres: Postgres) -> None:
    ops = watch(postgres)
    began = ops.clock.now()
    ops.clock.pass_(30)
    await ops.intake.take((alert(starts_at=began),))
    await ops.intake.take((alert(starts_at=began, ends_at=ops.clock.now()),))
    await ops.intake.take((alert(starts_at=began),))
    assert [group.status for group in await ops.groups()] == ["resolved"]
    ops.clock.pass_(61)
    await ops.intake.take((alert(starts_at=began),))
    assert [group.status for group in await ops.groups()] == ["resolved", "firing"]


async def test_end_of_an_earlier_episode_does_not_end_the_present_one(postgres: Postgres) -> None:
    ops = watch(postgres)
    began = ops.clock.now()
    ops.clock.pass_(600)
    await ops.intake.take((alert(starts_at=ops.clock.now()),))
    ops.clock.pass_(5)
    await ops.intake.take((alert(starts_at=began, ends_at=ops.after(seconds=-300)),))
    assert (await ops.group()).status == "firing"


async def test_alert_with_an_end_in_the_future_fires_until_then(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.intake.take((alert(ends_at=ops.after(seconds=90)),))
    ops.clock.pass_(89)
    await ops.upkeep.step()
    assert (await ops.group()).status == "firing"
    ops.clock.pass_(2)
    await ops.upkeep.step()
    assert (await ops.group()).status == "resolved"


async def test_alert_that_nobody_repeats_is_stale_after_five_minutes(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.fire()
    ops.clock.pass_(240)
    await ops.fire()
    ops.clock.pass_(240)
    await ops.upkeep.step()
    assert (await ops.group()).status == "firing"
    ops.clock.pass_(61)
    await ops.upkeep.step()
    group = await ops.group()
    assert group.status == "resolved"
    resolved = [event.fact for event in await ops.events.of_group(group.id)][-2]
    assert getattr(resolved, "how", None) == "stale"


async def test_after_a_restart_senders_have_time_to_repeat_what_was_missed(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.fire()
    ops.clock.pass_(3600)
    restarted = watch(postgres, ops.clock, grace=300)
    await restarted.upkeep.step()
    ops.clock.pass_(200)
    await restarted.fire()
    ops.clock.pass_(150)
    await restarted.upkeep.step()
    assert [group.status for group in await ops.groups()] == ["firing"]
    ops.clock.pass_(200)
    await restarted.upkeep.step()
    assert [group.status for group in await ops.groups()] == ["resolved"]


async def test_acknowledged_group_is_quiet_and_notes_further_alerts(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.chain()
    await ops.fire(severity="warning", instance="a")
    group = await ops.desk.acknowledge((await ops.group()).id, by=BY, via="link")
    assert (group.status, group.acknowledged_by, group.next_action_at, group.generation) == (
        "acknowledged",
        BY,
        None,
        2,
    )
    await ops.fire(severity="warning", instance="b")
    group = await ops.group()
    assert (group.status, group.firing, group.next_action_at, group.generation) == ("acknowledged", 2, None, 2)
    again = await ops.desk.acknowledge(group.id, by="person:2", via="api")
    assert again.acknowledged_by == BY


async def test_more_severe_alert_pages_although_the_group_was_acknowledged(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.chain()
    await ops.fire(severity="warning")
    await ops.desk.acknowledge((await ops.group()).id, by=BY, via="api")
    ops.clock.pass_(10)
    await ops.fire(severity="critical")
    group = await ops.group()
    assert (group.status, group.severity, group.generation) == ("firing", "critical", 3)
    assert (group.next_action_at, group.acknowledged_by) == (ops.clock.now(), None)
    assert "group.unacknowledged" in await ops.kinds(group.id)


async def test_resolution_wins_over_a_late_acknowledgement(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.fire()
    group = await ops.desk.resolve((await ops.group()).id, by=BY, via="sms")
    before = await ops.kinds(group.id)
    with pytest.raises(Conflict, match=r"resolved at .* by person:1"):
        await ops.desk.acknowledge(group.id, by="person:2", via="link")
    assert await ops.desk.resolve(group.id, by="person:2", via="link") == group
    assert await ops.kinds(group.id) == before


async def test_taking_an_acknowledgement_back_begins_the_escalation_anew(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.chain()
    await ops.fire()
    group_id = (await ops.group()).id
    await postgres.execute("test", "UPDATE ops.groups SET step = 3, visits = '{\"0\": 2}'")
    await ops.desk.acknowledge(group_id, by=BY, via="api")
    ops.clock.pass_(60)
    group = await ops.desk.unacknowledge(group_id, by=BY, via="api")
    row = await ops.row(group_id)
    assert (group.status, group.next_action_at, group.generation) == ("firing", ops.clock.now(), 3)
    assert (row["step"], row["visits"]) == (0, "{}")


async def test_escalation_now_takes_the_step_that_is_next(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.fire()
    group_id = (await ops.group()).id
    with pytest.raises(Conflict, match="no escalation chain"):
        await ops.desk.escalate(group_id, by=BY, via="api")
    await postgres.execute("test", "UPDATE ops.groups SET step = 2, chain_id = 1")
    await ops.desk.acknowledge(group_id, by=BY, via="api")
    group = await ops.desk.escalate(group_id, by=BY, via="api")
    assert (group.status, group.next_action_at) == ("firing", ops.clock.now())
    assert (await ops.row(group_id))["step"] == 2


async def test_silenced_group_goes_on_afterwards(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.chain()
    await ops.fire()
    group_id = (await ops.group()).id
    until = ops.after(minutes=30)
    group = await ops.desk.silence_for(group_id, 1800, by=BY, via="api")
    assert (group.status, group.silenced_until, group.next_action_at, group.generation) == ("firing", until, until, 2)
    ops.clock.pass_(60)
    await ops.fire(instance="b")
    assert (await ops.group()).next_action_at == until
    group = await ops.desk.unsilence(group_id, by=BY, via="api")
    assert (group.silenced_until, group.next_action_at) == (None, ops.clock.now())
    with pytest.raises(Invalid, match="next 7 days"):
        await ops.desk.silence_for(group_id, 1e9, by=BY, via="api")


async def test_assigned_group_pages_that_person_again_and_again(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.fire()
    group_id = (await ops.group()).id
    with pytest.raises(Invalid, match="no person 999999"):
        await ops.desk.assign(group_id, 999999, by=BY, via="api")
    person = await postgres.fetchval(
        "test",
        "INSERT INTO ops.people (name, role, created_at, feed_token) VALUES ('A', 'responder', now(), '') RETURNING id",
    )
    group = await ops.desk.assign(group_id, person, by=BY, via="console")
    row = await ops.row(group_id)
    assert (group.next_action_at, row["step"]) == (ops.clock.now(), 0)
    assert f'"personIds": [{person}]' in row["chain"]
    assert "group.reassigned" in await ops.kinds(group_id)


async def test_verb_on_an_unknown_group_says_so(postgres: Postgres) -> None:
    with pytest.raises(NotFound, match="no alert group 12345"):
        await watch(postgres).desk.acknowledge(12345, by=BY, via="api")


async def test_acknowledgement_ends_by_itself_where_the_route_says_so(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.route("db", "service=db", remind_seconds=600.0, unacknowledge_seconds=1800.0, chain_id=await ops.chain())
    await ops.fire(service="db")
    group_id = (await ops.group()).id
    await ops.desk.acknowledge(group_id, by=BY, via="api")
    row = await ops.row(group_id)
    assert (row["remind_at"], row["unacknowledge_at"]) == (ops.after(seconds=600), ops.after(seconds=1800))
    ops.clock.pass_(1801)
    await ops.fire(service="db")
    await ops.upkeep.step()
    group = await ops.group()
    assert (group.status, group.next_action_at, group.generation) == ("firing", ops.clock.now(), 3)
    assert (await ops.row(group_id))["remind_at"] is None


async def test_ten_thousand_times_the_same_alert_is_one_group(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.chain()
    for _ in range(100):
        await ops.intake.take((alert(),) * 100)
        ops.clock.pass_(0.6)
    group = await ops.group()
    assert (len(await ops.groups()), group.firing, group.generation) == (1, 1, 1)
    assert await ops.kinds(group.id) == ["group.opened", "alert.fired"]


async def test_what_fires_and_resolves_in_one_post_has_paged_nobody(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.chain()
    now = ops.clock.now()
    await ops.intake.take((alert(), alert(ends_at=now), alert(x="2"), alert(x="2", ends_at=now), alert()))
    group = await ops.group()
    assert (group.status, group.firing, group.next_action_at) == ("firing", 1, now)
    await ops.intake.take((alert(ends_at=now), alert(), alert(ends_at=now)))
    assert [(group.status, group.firing) for group in await ops.groups()] == [("resolved", 0)]
