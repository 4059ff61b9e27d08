"""The roster, wired."""

from jwt_pizza.apps.ops.base import Base, Part


def part(base: Base) -> Part:  # noqa: ARG001
    return Part()
