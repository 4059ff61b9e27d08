"""All rules of the watch."""

from collections.abc import Sequence
from typing import Final

from jwt_pizza.ops.telemetry.model import Rule, Thresholds
from jwt_pizza.ops.telemetry.rules import factory, orders, processes

_UNTIL_RESOLVED: Final = 3600.0


def built_in(thresholds: Thresholds) -> Sequence[Rule]:
    return (*orders.RULES, *factory.RULES, *processes.rules(thresholds))


def as_it_was(after: float) -> Sequence[Rule]:
    """For drills: the one alert of the time before the incident, on orders that fail for so many seconds. It stays
    until somebody resolves it."""
    rule = Rule(name="failed-orders", look=orders.failed_orders, chart="service", after=after, keep=_UNTIL_RESOLVED)
    return (rule,)
