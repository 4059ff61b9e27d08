import pytest

from tests.observability.promql import operands


@pytest.mark.parametrize(
    ("expr", "left"),
    [
        ("max(up) == 0", ["max(up)"]),
        ("a:b:ratio > (14.4 * 0.001) and c:d > (14.4 * 0.001)", ["a:b:ratio", "c:d"]),
        ("time() - max(x{work!~'prune.*'} > 0) > 60 or y >= 2 ^ 30", ["time() - max(x{work!~'prune.*'} > 0)", "y"]),
        ("sum by (a) (b > 0) / sum(c) >= 0.9", ["sum by (a) (b > 0) / sum(c)"]),
        ("sum(x) > 0\n  unless sum(y or vector(0)) > 0", ["sum(x)", "sum(y or vector(0))"]),
        ("vector(1)", ["vector(1)"]),
    ],
)
def test_what_stands_before_a_comparison(expr: str, left: list[str]) -> None:
    assert list(operands(expr)) == left
