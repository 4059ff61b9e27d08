"""A document as Markdown (CommonMark): whatever the words are, they stay words."""

import base64
import re
from collections.abc import Callable
from typing import Final

from jwt_pizza.ops.reports.document import Block, Bullets, Code, Document, Line, Paragraph, Picture, Span

_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>~|]|&(?=[#\w])")
_AT_START: Final = re.compile(r"^(\s*)(?:([#+=-])|(\d{1,9})([.)])(?=\s|$))")
_RUNS: Final = re.compile("`+")

Address = Callable[[Picture], str]


def inline(picture: Picture) -> str:
    """The picture itself as its address: the text needs no other file."""
    return "data:image/svg+xml;base64," + base64.b64encode(picture.svg.encode()).decode()


def markdown(document: Document, address: Address = inline) -> str:
    """`address`: where a reader finds a picture."""
    parts = [f"# {_line((Span(document.title),))}"]
    for section in document.sections:
        parts.append(f"## {section.title}")
        parts.extend(_block(block, address) for block in section.blocks)
    return "\n\n".join(parts) + "\n"


def _block(block: Block, address: Address) -> str:
    match block:
        case Paragraph(line):
            return _at_start(_line(line))
        case Bullets(items, numbered):
            marks = (f"{number}." if numbered else "-" for number in range(1, len(items) + 1))
            return "\n".join(f"{mark} {_at_start(_line(item))}" for mark, item in zip(marks, items, strict=True))
        case Code(text, language):
            fence = "`" * (max([len(run) for run in _RUNS.findall(text)] + [2]) + 1)
            return f"{fence}{language}\n{text}\n{fence}"
        case Picture(alt):
            return f"![{_plain(alt)}]({address(block)})"


def _line(line: Line) -> str:
    return "".join(map(_span, line)).strip()


def _span(span: Span) -> str:
    text = " ".join(span.text.split("\n"))
    match span.style:
        case "code":
            fence = "`" * (max([len(run) for run in _RUNS.findall(text)] + [0]) + 1)
            pad = " " if text.startswith("`") or text.endswith("`") else ""
            return f"{fence}{pad}{text}{pad}{fence}"
        case "strong":
            return f"**{_plain(text.strip())}**"
        case "emphasis":
            return f"_{_plain(text.strip())}_"
        case "plain":
            return _plain(text)


def _plain(text: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + found[0], text)


def _at_start(text: str) -> str:
    """Nothing at the start of a line makes it a heading, a list or a rule."""
    return _AT_START.sub(lambda found: found[1] + (f"\\{found[2]}" if found[2] else f"{found[3]}\\{found[4]}"), text)
