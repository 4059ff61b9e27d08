"""A document as a page of HTML, for paper and for screens."""

from html import escape
from typing import Final

from jwt_pizza.ops.reports.document import Block, Bullets, Code, Document, Line, Paragraph, Picture, Span
from jwt_pizza.ops.reports.markdown import inline

_TAGS: Final = {"code": "code", "strong": "strong", "emphasis": "em"}


def body(document: Document, level: int = 1) -> str:
    """`level` of its title's heading."""
    parts = [f"<h{level}>{escape(document.title)}</h{level}>"]
    for section in document.sections:
        parts.append(f'<section id="{section.place}"><h{level + 1}>{escape(section.title)}</h{level + 1}>')
        parts.extend(map(_block, section.blocks))
        parts.append("</section>")
    return "\n".join(parts)


def page(document: Document, style: str, *, linked: bool) -> str:
    """`style`: the stylesheet, or its address when it is `linked`: a page that is served may hold no style."""
    styled = f'<link rel="stylesheet" href="{escape(style)}">' if linked else f"<style>{style}</style>"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n{styled}\n</head>\n<body>\n<main>\n{body(document)}\n</main>\n"
        "</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Paragraph(line):
            return f"<p>{_line(line)}</p>"
        case Bullets(items, numbered):
            tag = "ol" if numbered else "ul"
            return f"<{tag}>" + "".join(f"<li>{_line(item)}</li>" for item in items) + f"</{tag}>"
        case Code(text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case Picture(alt):
            return f'<figure><img src="{inline(block)}" alt="{escape(alt)}"></figure>'


def _line(line: Line) -> str:
    return "".join(map(_span, line))


def _span(span: Span) -> str:
    tag = _TAGS.get(span.style)
    return f"<{tag}>{escape(span.text)}</{tag}>" if tag else escape(span.text)
