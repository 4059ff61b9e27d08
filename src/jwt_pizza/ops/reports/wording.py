"""Times, durations and counts as words."""

from collections.abc import Sequence
from datetime import UTC, datetime

_TIMES = ("", "", " again", " a third time", " a fourth time", " a fifth time")


def clock(at: datetime) -> str:
    """`15:25`"""
    return f"{at.astimezone(UTC):%H:%M}"


def exact(at: datetime) -> str:
    """`15:25:48`"""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def day(at: datetime) -> str:
    """`8 April 2025`"""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y}"


def lasting(seconds: float) -> str:
    """`2 min 12 s`, `1 h 5 min`, `0.4 s`."""
    if seconds < 0:
        return "no time"
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def between(since: datetime, until: datetime) -> str:
    return lasting((until - since).total_seconds())


def count(number: int, thing: str, things: str = "") -> str:
    """`1 order`, `12 orders`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def times(number: int) -> str:
    """` again`, ` a third time`; nothing the first time."""
    return _TIMES[number] if number < len(_TIMES) else f" for the {number}th time"


def listed(words: Sequence[str]) -> str:
    """`15:28, 15:33 and 15:38`"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none"


def started(text: str) -> str:
    """With a capital letter and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
