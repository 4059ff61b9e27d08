"""The attacks of a scenario, each through the door that an attacker, or a machine that breaks, would use."""

import asyncio
from typing import Any, Final

import msgspec

from jwt_pizza.drill.scenario import Attack, Scenario
from jwt_pizza.drill.stage import Stage, until
from jwt_pizza.kit import embedded

_LONGEST_LEAK: Final = 900.0


async def attack(stage: Stage, scenario: Scenario, plan: Attack) -> None:
    """From its start to its end, where it does not end by itself."""
    await until(stage, scenario.at(plan.starts))
    seconds = (scenario.at(plan.ends) - scenario.at(plan.starts)).total_seconds()
    match plan.kind:
        case "leak":
            body = {"probability": plan.probability, "seconds": min(seconds / stage.speed, _LONGEST_LEAK)}
            token = await stage.administrator()
            await stage.ask(dict[str, msgspec.Raw], "PUT", f"{stage.shop}/api/ops/chaos/leak", body, token=token)
        case "postgresql-restart":
            await asyncio.to_thread(embedded.stop, stage.cluster)
            try:
                await until(stage, scenario.at(plan.ends))
            finally:
                await asyncio.to_thread(_start, stage)
        case "provider-down":
            stage.phone.down = True
            await until(stage, scenario.at(plan.ends))
            stage.phone.down = False
        case kind:
            wanted: dict[str, Any] = {"kind": kind, "probability": plan.probability, "for": seconds / stage.speed}
            if plan.delay is not None:
                wanted["delay"] = plan.delay
            await stage.ask(
                dict[str, msgspec.Raw],
                "POST",
                f"{stage.factory}/api/admin/chaos",
                wanted,
                token=stage.operator_key,
            )


def _start(stage: Stage) -> None:
    embedded.start(stage.cluster.data_dir, durable=False)
