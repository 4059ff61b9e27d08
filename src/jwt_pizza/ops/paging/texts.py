"""The words of pages: one text of a phone where that is possible, and what can be done about it by one tap or reply."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

import msgspec

from jwt_pizza.ops.paging.model import Told, Waiting

ONE_TEXT: Final = 160
_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""What takes one of a text's 160 places (3GPP TS 23.038, default alphabet)."""
_PLAIN: Final = str.maketrans(
    {"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "\N{NO-BREAK SPACE}": " ",
     "[": "(", "]": ")", "{": "(", "}": ")", "~": "-", "^": "'", "|": "/", "\\": "/", "€": "EUR", "₿": "BTC ",
     "≥": ">=", "≤": "<=", "→": "->", "×": "x", "µ": "u", "`": "'"}
)  # fmt: skip
_MOST_LISTED: Final = 20
_WORD: Final = 14
"""Characters of a word that may be left out whole."""
_SPACE: Final = re.compile(r"\s+")


class Words(msgspec.Struct, frozen=True):
    """`text` for a phone, or the plain part of a mail; `html` for mail alone."""

    subject: str
    text: str
    html: str = ""


def gsm(text: str) -> str:
    """In the alphabet of texts; what has no place there becomes like it, or a question mark."""
    plain = _SPACE.sub(" ", text.translate(_PLAIN)).strip()
    if all(character in _GSM for character in plain):
        return plain
    found = []
    for character in plain:
        if character in _GSM:
            found.append(character)
        else:
            base = [each for each in unicodedata.normalize("NFKD", character) if each in _GSM]
            found.append("".join(base) or "?")
    return "".join(found)


def page_by_text(group: Told, link: str, code: int | None, *, again: bool, now: datetime) -> Words:
    """`CRITICAL: 12 of 12 orders failed in 60 s. Since 15:25 UTC, 3rd alert… https://… or reply 7a`"""
    since = f"Since {_clock(group.opened_at, now)}."
    reply = f"{link} or reply {code}a" if code is not None else link
    head = f"{group.severity.upper()}{' again' if again else ''}: "
    room = ONE_TEXT - len(head) - len(since) - len(reply) - len(". ") - len(" ")
    about = shortened(gsm(group.summary or group.title).rstrip("."), max(room, 30))
    return Words(group.title, f"{head}{about}{'' if about.endswith(('.', '!', '?')) else '.'} {since} {reply}")


def bundle_by_text(groups: Sequence[Told], link: str, code: int | None) -> Words:
    """Several groups in one text, the worst of them named."""
    reply = f"{link} or reply {code}a for all" if code is not None else link
    head = f"{count(len(groups), 'alert group')}: "
    room = ONE_TEXT - len(head) - len(reply) - 1
    worst = groups[0]
    about = shortened(gsm(f"{worst.severity.upper()} {worst.title} and others"), max(room, 20))
    return Words(f"{len(groups)} alert groups", f"{head}{about} {reply}")


def letter(groups: Sequence[Told], link: str, *, again: bool, now: datetime) -> Words:
    """For mail, and for what Apprise sends."""
    worst = groups[0]
    more = f" and {len(groups) - 1} more" if len(groups) > 1 else ""
    subject = f"[{worst.severity}{', again' if again else ''}] {worst.title}{more}"
    lines = [_row(group, now) for group in groups[:_MOST_LISTED]]
    if len(groups) > _MOST_LISTED:
        lines.append(f"and {len(groups) - _MOST_LISTED} more")
    why = "You are paged because you are on call. Pages go on until somebody acknowledges."
    text = "\n".join([*lines, "", f"Acknowledge: {link}", "", why, ""])
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    html = (
        f"<h1>{escape(subject)}</h1><ul>{items}</ul>"
        f'<p><a href="{escape(link)}"><strong>Look at it and acknowledge</strong></a></p><p>{escape(why)}</p>'
    )
    return Words(one_line(subject), text, html)


def reminder(group: Told, link: str, code: int | None, now: datetime) -> Words:
    since = _clock(group.opened_at, now)
    reply = f"{link} or reply {code}c to close" if code is not None else link
    head = "Still firing, acknowledged by you: "
    room = ONE_TEXT - len(head) - len(reply) - len(since) - 9
    text = f"{head}{shortened(gsm(group.title), max(room, 20))} since {since}. {reply}"
    return Words(f"Still firing: {one_line(group.title)}", text)


def webhook(each: Waiting, now: datetime) -> str:
    """What a webhook step posts."""
    group = each.group
    assert group is not None
    body = {
        "version": 1,
        "event": "escalation",
        "groupId": group.id,
        "title": group.title,
        "summary": group.summary,
        "severity": group.severity,
        "status": group.status,
        "firing": group.firing,
        "openedAt": group.opened_at.astimezone(UTC).isoformat(),
        "sentAt": now.astimezone(UTC).isoformat(),
    }
    return msgspec.json.encode(body).decode()


def shortened(text: str, most: int) -> str:
    """At the end of a word, if there is one not far away."""
    if len(text) <= most:
        return text
    cut = text[: max(most - 2, 1)]
    whole = cut.rpartition(" ")[0]
    return (whole if len(whole) > len(cut) - _WORD else cut).rstrip() + ".."


def one_line(text: str) -> str:
    return _SPACE.sub(" ", text).strip()[:200]


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _row(group: Told, now: datetime) -> str:
    alerts = count(group.firing, "alert")
    told = f"{group.title}: {group.summary}" if group.summary and group.summary != group.title else group.title
    return f"{group.severity.upper()} {one_line(told)} ({alerts}, since {_clock(group.opened_at, now)})"


def _clock(at: datetime, now: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at:%H:%M} UTC" if at.date() == now.astimezone(UTC).date() else f"{at:%d %b %H:%M} UTC"
