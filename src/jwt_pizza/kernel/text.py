"""Text that people typed."""

import unicodedata

from jwt_pizza.kernel.errors import Invalid

_SHOWN_AS_NOTHING = {"Cc", "Cs", "Co", "Cn"}


def line(value: str, name: str, *, most: int) -> str:
    """One line of visible text without surrounding space, in Unicode form C, 1 to `most` characters; or `Invalid`.

    Control characters are refused: a NUL cannot be stored, a newline would forge a log line or a mail header.
    """
    text = unicodedata.normalize("NFC", value.strip())
    if not text:
        raise Invalid(f"{name} is required")
    if len(text) > most:
        raise Invalid(f"{name} must have at most {most} characters")
    if any(unicodedata.category(character) in _SHOWN_AS_NOTHING for character in text):
        raise Invalid(f"{name} must not contain control characters")
    return text


def like(pattern: str) -> str:
    """A `*` filter as a LIKE pattern: every other character stands for itself."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
