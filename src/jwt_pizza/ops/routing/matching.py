"""Label matchers, as Prometheus and Alertmanager write them: `service="shop"`, `severity=~"critical|page"`.

A label that an alert does not have counts as empty. Expressions are RE2 and match the whole value: they cannot
backtrack, so none of them can stop ingestion.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, Protocol

import msgspec
import re2

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wire import Wire

Operator = Literal["=", "!=", "=~", "!~"]
Labels = Mapping[str, str]

_WRITTEN: Final = re.compile(
    r'\s*(?P<label>[^\s=!~"]+)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>"(?:[^"\\]|\\.)*"|[^",{}]*)\s*'
)
_LARGEST_EXPRESSION: Final = 1 << 20
"""Bytes that RE2 may take for one of them."""


class Matcher(Wire, frozen=True, forbid_unknown_fields=True):
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    op: Operator = "="
    value: Annotated[str, msgspec.Meta(max_length=1000)] = ""

    def __str__(self) -> str:
        return f"{self.label}{self.op}{msgspec.json.encode(self.value).decode()}"


Matchers = Annotated[tuple[Matcher, ...], msgspec.Meta(max_length=20)]


class _Expression(Protocol):
    def fullmatch(self, text: str) -> object | None: ...


class Fit:
    """Matchers, ready to be asked often. None fits everything."""

    __slots__ = ("_tests",)

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        """Raises Invalid for an expression that RE2 does not know."""
        self._tests = [
            (m.label, m.value, _compiled(m) if m.op in {"=~", "!~"} else None, m.op in {"=", "=~"}) for m in matchers
        ]

    def __call__(self, labels: Labels) -> bool:
        for label, value, expression, wanted in self._tests:
            found = labels.get(label, "")
            fits = found == value if expression is None else expression.fullmatch(found) is not None
            if fits is not wanted:
                return False
        return True


def parsed(written: str) -> tuple[Matcher, ...]:
    """`{alertname="X", severity=~"a|b"}`, braces and quotes optional; raises Invalid."""
    text = written.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    found: list[Matcher] = []
    at = 0
    while at < len(text):
        match = _WRITTEN.match(text, at)
        if match is None or (match.end() < len(text) and text[match.end()] != ","):
            raise Invalid(f'{written[:200]!r} is no list of matchers: write for example service="shop",severity=~"a|b"')
        value = match["value"].strip()
        if value.startswith('"'):
            value = re.sub(r"\\(.)", lambda escaped: {"n": "\n"}.get(escaped[1], escaped[1]), value[1:-1])
        found.append(msgspec.convert({"label": match["label"], "op": match["op"], "value": value}, Matcher))
        at = match.end() + 1
    if not found:
        raise Invalid("at least one matcher is required")
    return tuple(found)


def _compiled(matcher: Matcher) -> _Expression:
    options = re2.Options()
    options.max_mem = _LARGEST_EXPRESSION
    options.log_errors = False
    try:
        expression: _Expression = re2.compile(matcher.value, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else error.args[0]
        raise Invalid(f"{matcher.label}{matcher.op}…: the expression is not valid RE2 ({reason})") from None
    return expression
