"""Whatever comes, in whatever order, from two processes at once: groups stay what they promise to be.

Worlds are drawn from a seed; a failing one is named, and `JWT_PIZZA_WORLD=17 pytest …test_story.py` plays it again.
"""

import asyncio
import os
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.alerts.model import Wanted
from jwt_pizza.ops.routing.matching import parsed
from jwt_pizza.ops.routing.model import InhibitionPlan, SilencePlan
from tests.clocks import HandClock
from tests.ops.alerts.watch import BY, Watch, alert, watch

WORLDS = [int(os.environ["JWT_PIZZA_WORLD"])] if "JWT_PIZZA_WORLD" in os.environ else list(range(6))
ROUNDS = 30
NAMES = ("A", "B", "C")
SEVERITIES = ("info", "warning", "critical")


class World:
    def __init__(self, postgres: Postgres, seed: int) -> None:
        self.draw = random.Random(seed)
        self.clock = HandClock()
        self.processes = [watch(postgres, self.clock), watch(postgres, self.clock)]
        self.postgres = postgres
        self.generations: dict[int, int] = {}

    async def prepare(self) -> None:
        ops = self.processes[0]
        chain = await ops.chain()
        await ops.route("b", "alertname=B", chain_id=chain, unacknowledge_seconds=120.0)
        await ops.routing.inhibit(
            InhibitionPlan(source=parsed("alertname=A"), target=parsed("alertname=C"), equal=("instance",)), by=BY
        )

    async def round(self) -> None:
        """Several things at once, from both processes; then time passes."""
        doings = [self.doing(self.draw.choice(self.processes)) for _ in range(self.draw.randint(1, 8))]
        await asyncio.gather(*(self.attempt(doing) for doing in doings))
        self.clock.pass_(self.draw.choice((0, 1, 30, 61, 200)))

    def doing(self, ops: Watch) -> Callable[[], Awaitable[object]]:
        draw = self.draw
        kind = draw.choice(("fire", "fire", "fire", "end", "end", "acknowledge", "verb", "silence", "upkeep"))
        if kind == "upkeep":
            return ops.upkeep.step
        if kind in {"fire", "end"}:
            now = self.clock.now()
            told = [
                alert(
                    draw.choice(NAMES),
                    severity=draw.choice(SEVERITIES),
                    instance=draw.choice("ab"),
                    starts_at=draw.choice((None, now, now - timedelta(seconds=draw.randint(1, 300)))),
                    ends_at=now if kind == "end" else None,
                )
                for _ in range(draw.randint(1, 4))
            ]
            return lambda: ops.intake.take(tuple(told * draw.randint(1, 2)))
        if kind == "silence":
            plan = SilencePlan(
                kind=draw.choice(("silence", "maintenance")),
                matchers=parsed(f"alertname={draw.choice(NAMES)}"),
                seconds=draw.choice((30, 90)),
            )
            return lambda: ops.routing.silence(plan, by=BY)
        return lambda: self.act(ops, "acknowledge" if kind == "acknowledge" else draw.choice(VERBS))

    async def act(self, ops: Watch, verb: str) -> None:
        groups = await ops.desk.find(Wanted(limit=6))
        if not groups:
            return
        group_id = self.draw.choice(groups).id
        if verb == "silence":
            await ops.desk.silence_for(group_id, 60, by=BY, via="api")
        else:
            await getattr(ops.desk, verb)(group_id, by=BY, via="api")

    async def attempt(self, doing: Callable[[], Awaitable[object]]) -> None:
        try:
            await doing()
        except Refusal as refusal:
            assert refusal.status == 409, refusal.message

    async def check(self) -> None:
        rows = await self.postgres.fetch("test", "SELECT * FROM ops.groups ORDER BY id")
        alerts = await self.postgres.fetch("test", "SELECT * FROM ops.alerts WHERE status = 'firing'")
        firing = Counter(row["group_id"] for row in alerts)
        loud = Counter(row["group_id"] for row in alerts if row["muted"] is None)
        told = await self.stories()
        assert max(Counter(row["key"] for row in rows if row["status"] != "resolved").values(), default=1) == 1
        assert max(Counter(row["fingerprint"] for row in alerts).values(), default=1) == 1
        for row in rows:
            group_id = row["id"]
            assert (row["firing"], row["loud"]) == (firing[group_id], loud[group_id]), group_id
            assert row["generation"] >= self.generations.get(group_id, 1), group_id
            self.generations[group_id] = row["generation"]
            if row["status"] == "resolved":
                assert (row["next_action_at"], row["remind_at"], row["unacknowledge_at"]) == (None, None, None)
            else:
                assert row["firing"] > 0, group_id
            if row["status"] == "acknowledged":
                assert row["next_action_at"] is None, group_id
            if row["status"] == "firing" and row["loud"] > 0:
                assert row["next_action_at"] is not None, f"group {group_id} fires and pages nobody"
            assert (row["status"], row["firing"]) == told[group_id], f"group {group_id} is not what its events tell"

    async def stories(self) -> dict[int, tuple[str, int]]:
        """Status and firing alerts of each group, by its events alone."""
        status: dict[int, str] = {}
        firing: dict[int, set[str]] = defaultdict(set)
        rows = await self.postgres.fetch(
            "test",
            "SELECT kind, group_id, data->>'fingerprint' AS fingerprint FROM ops.events "
            "WHERE group_id IS NOT NULL ORDER BY id",
        )
        for row in rows:
            group_id, kind, fingerprint = row["group_id"], row["kind"], row["fingerprint"]
            if kind == "group.opened":
                assert group_id not in status
            if kind == "alert.fired":
                assert status[group_id] != "resolved", "an alert joined a resolved group"
                assert fingerprint not in firing[group_id], "an alert fired that fired already"
                firing[group_id].add(fingerprint)
            elif kind == "alert.resolved":
                firing[group_id].remove(fingerprint)
            elif kind in MEANS:
                assert status.get(group_id) != "resolved", f"{kind} after the resolution"
                status[group_id] = MEANS[kind]
        return {group_id: (status[group_id], len(firing[group_id])) for group_id in status}


VERBS = ("acknowledge", "unacknowledge", "resolve", "silence", "unsilence", "escalate")
MEANS = {
    "group.opened": "firing",
    "group.acknowledged": "acknowledged",
    "group.unacknowledged": "firing",
    "group.escalated": "firing",
    "group.resolved": "resolved",
}


@pytest.mark.parametrize("seed", WORLDS)
async def test_any_order_from_two_processes_leaves_groups_that_agree_with_their_events(
    postgres: Postgres, seed: int
) -> None:
    world = World(postgres, seed)
    await world.prepare()
    for _ in range(ROUNDS):
        await world.round()
        await world.check()
