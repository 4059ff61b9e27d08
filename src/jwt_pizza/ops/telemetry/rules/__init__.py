"""All rules of the watch."""

from collections.abc import Sequence

from jwt_pizza.ops.telemetry.model import Rule, Thresholds
from jwt_pizza.ops.telemetry.rules import factory, orders, processes


def built_in(thresholds: Thresholds) -> Sequence[Rule]:
    return (*orders.RULES, *factory.RULES, *processes.rules(thresholds))
