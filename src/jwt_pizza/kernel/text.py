"""Text that people typed."""

import re
import unicodedata
from typing import Final

from jwt_pizza.kernel.errors import Invalid

LONGEST_PASSWORD: Final = 1024
_SHOWN_AS_NOTHING = {"Cc", "Cs", "Co", "Cn"}
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")


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


def email(value: str) -> str:
    """A mail address as it was typed; or `Invalid`."""
    address = line(value, "email", most=254)
    if not _EMAIL.fullmatch(address):
        raise Invalid("email must look like name@example.com")
    return address


def email_key(address: str) -> str:
    """The same for every way to type an address: composed or not, in capitals or not."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", address).casefold())


def password(value: str, shortest: int) -> str:
    if len(value) < shortest:
        raise Invalid(f"password must have at least {shortest} characters")
    if len(value) > LONGEST_PASSWORD:
        raise Invalid(f"password must have at most {LONGEST_PASSWORD} characters")
    return value
