"""A text as what it is, before it is Markdown or HTML: nothing that somebody typed is ever taken for markup.

What people write may hold paragraphs, lists, fenced code, `code` and **strong** words, and nothing else.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

Style = Literal["plain", "code", "strong", "emphasis"]


class Span(msgspec.Struct, frozen=True):
    text: str
    style: Style = "plain"


Line: TypeAlias = tuple[Span, ...]


class Paragraph(msgspec.Struct, frozen=True):
    line: Line


class Bullets(msgspec.Struct, frozen=True):
    items: tuple[Line, ...]
    numbered: bool = False


class Code(msgspec.Struct, frozen=True):
    text: str
    language: Literal["", "json", "text"] = ""


class Picture(msgspec.Struct, frozen=True):
    """`alt` tells what it shows; `svg` is ours."""

    alt: str
    svg: str


Block: TypeAlias = Paragraph | Bullets | Code | Picture


class Section(msgspec.Struct, frozen=True):
    place: str
    title: str
    blocks: tuple[Block, ...]


class Document(msgspec.Struct, frozen=True):
    title: str
    sections: tuple[Section, ...]


def line(*parts: str | Span) -> Line:
    return tuple(Span(part) if isinstance(part, str) else part for part in parts)


def paragraph(*parts: str | Span) -> Paragraph:
    return Paragraph(line(*parts))


def code(text: str) -> Span:
    return Span(text, "code")


def strong(text: str) -> Span:
    return Span(text, "strong")


def as_typed(blocks: Iterable[Block]) -> str:
    """As somebody would have typed it; `typed` makes the same blocks of it, pictures aside."""
    parts = []
    for block in blocks:
        match block:
            case Paragraph(text):
                parts.append(_marked(text))
            case Bullets(items, numbered):
                marks = (f"{number}." if numbered else "-" for number in range(1, len(items) + 1))
                parts.append("\n".join(f"{mark} {_marked(item)}" for mark, item in zip(marks, items, strict=True)))
            case Code(text):
                parts.append(f"```\n{text}\n```")
            case Picture():
                pass
    return "\n\n".join(parts)


def _marked(text: Line) -> str:
    marks = {"code": "`", "strong": "**"}
    return "".join(f"{marks.get(span.style, '')}{span.text}{marks.get(span.style, '')}" for span in text)


_FENCE: Final = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_BULLET: Final = re.compile(r"\s{0,3}[-*+]\s+(?P<text>.*)")
_NUMBERED: Final = re.compile(r"\s{0,3}\d{1,9}[.)]\s+(?P<text>.*)")
_SPANS: Final = re.compile(r"`(?P<code>[^`\n]+)`|\*\*(?P<strong>[^*\n]+)\*\*")


def typed(text: str) -> tuple[Block, ...]:
    """What somebody typed. A fence that is never closed ends with the text."""
    return tuple(_blocks(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        fence = _FENCE.match(lines[at])
        if fence:
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip().startswith(fence[1])), len(lines))
            yield Code("\n".join(lines[at + 1 : end]))
            at = end + 1
            continue
        kind = next((each for each in (_BULLET, _NUMBERED) if each.match(lines[at])), None)
        end = at
        while end < len(lines) and _goes_on(lines[end], kind):
            end += 1
        if kind is None:
            yield Paragraph(_spans(" ".join(each.strip() for each in lines[at:end])))
        else:
            found = [match for match in map(kind.match, lines[at:end]) if match]
            yield Bullets(tuple(_spans(match["text"]) for match in found), numbered=kind is _NUMBERED)
        at = end


def _goes_on(line_: str, kind: re.Pattern[str] | None) -> bool:
    if kind is not None:
        return kind.match(line_) is not None
    return bool(line_.strip()) and not any(each.match(line_) for each in (_FENCE, _BULLET, _NUMBERED))


def _spans(text: str) -> Line:
    spans, at = [], 0
    for match in _SPANS.finditer(text):
        if match.start() > at:
            spans.append(Span(text[at : match.start()]))
        spans.append(Span(match["code"], "code") if match["code"] else Span(match["strong"], "strong"))
        at = match.end()
    if at < len(text) or not spans:
        spans.append(Span(text[at:]))
    return tuple(spans)
