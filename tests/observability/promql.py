"""Just enough of PromQL to ask for what stands before a comparison."""

import re
from collections.abc import Iterator
from typing import Final

_COMPARISON: Final = re.compile(r"\s*(?:==|!=|>=|<=|>|<)\s*[\d\s.^()*]+$")
_LOGICAL: Final = re.compile(r"\b(?:and|or|unless)\b")


def operands(expr: str) -> Iterator[str]:
    """The parts of an alert's expression between and, or, unless, each without the comparison that ends it."""
    depth = start = 0
    for position, sign in enumerate(expr):
        depth += (sign in "([{") - (sign in ")]}")
        joint = None if depth else _LOGICAL.match(expr, position)
        if joint and expr[position - 1] in " \n":
            yield uncompared(expr[start:position])
            start = joint.end()
    yield uncompared(expr[start:])


def uncompared(expr: str) -> str:
    return _COMPARISON.sub("", expr.strip())
