"""Badges: a label and a value as a small picture."""

import re
from collections.abc import Mapping
from html import escape
from typing import Final, Protocol

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wire import Wire

_COLOR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})|[a-zA-Z]{3,20}")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LETTER: Final = 7
"""Pixels of a letter, about."""
_PADDING: Final = 5

NOT_FOUND: Final = """<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20" role="img" aria-label="Not found">
<rect width="90" height="20" rx="3" fill="#595959"/>
<text x="45" y="14" fill="#fff" font-family="Verdana,sans-serif" font-size="11" text-anchor="middle">Not found</text>
</svg>
"""


class Badge(msgspec.Struct, frozen=True):
    label: str
    value: str
    color: str

    def svg(self) -> str:
        label, value, color = escape(self.label), escape(self.value), escape(self.color)
        left = len(self.label) * _LETTER + 2 * _PADDING
        right = len(self.value) * _LETTER + 2 * _PADDING
        words = 'fill="#fff" font-family="Verdana,sans-serif" font-size="11" text-anchor="middle"'
        return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" \
aria-label="{label}: {value}">
<title>{label}: {value}</title>
<clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#555"/>\
<rect x="{left}" width="{right}" height="20" fill="{color}"/></g>
<text x="{left / 2:g}" y="14" {words}>{label}</text>
<text x="{left + right / 2:g}" y="14" {words}>{value}</text>
</svg>
"""


class BadgeUrl(Wire, frozen=True):
    url: str


class Badges(Protocol):
    """The port to stored badges."""

    async def find(self, account: str, name: str) -> Badge | None: ...
    async def put(self, account: str, name: str, badge: Badge) -> None: ...
    async def of(self, account: str, *, take: int) -> Mapping[str, Badge]:
        """By name."""
        ...


def badge_of(label: str, value: str, color: str) -> Badge:
    if not _COLOR.fullmatch(color):
        raise Invalid("color must be a hexadecimal color such as #ee0000, or a color's name")
    return Badge(text.line(label, "label", most=100), text.line(value, "value", most=100), color)


def is_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None
