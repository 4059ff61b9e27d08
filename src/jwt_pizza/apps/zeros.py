"""Counters that Prometheus sees at zero before they count: one that appears with its first count looks like no increase
to `rate`, and the first failed order of an incident would not be seen."""

from itertools import product
from typing import Final, get_args

from jwt_pizza.factory.chaos.model import KINDS
from jwt_pizza.factory.pizzas.model import Outcome
from jwt_pizza.kit import metrics
from jwt_pizza.shop.ovens.model import FACTORY, IN_HOUSE, Reason

_OVENS: Final = (IN_HOUSE, FACTORY)
_FAILURES: Final = ("unavailable", "chaos monkey", "defect")


def shop() -> None:
    for outcome, oven in (
        *product(("fulfilled", "voided"), _OVENS),
        ("charged", FACTORY),
        ("expired", ""),
        ("failed", ""),
    ):
        metrics.ORDERS.labels(outcome, oven)
        metrics.ORDER_TIME.labels(outcome)
    reasons: tuple[Reason, ...] = get_args(Reason)
    for reason in (*reasons, *_FAILURES):
        if reason != "good":
            metrics.FAILED_ORDERS.labels(reason)
    for oven, reason in product(_OVENS, reasons):
        metrics.ATTEMPTS.labels(oven, reason)
        metrics.ATTEMPT_TIME.labels(oven, reason)
    for result in ("success", "registered", "wrong", "limited", "invalid", "taken", "unavailable"):
        metrics.LOGINS.labels("shop", result)


def factory() -> None:
    for outcome, chaos in product(get_args(Outcome), ("", *KINDS)):
        metrics.BAKES.labels(outcome, chaos)
