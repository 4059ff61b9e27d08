"""What a browser's fields send, read strictly. Each raises Invalid with what to change, in the words of the page."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from jwt_pizza.kernel.errors import Invalid, NotFound
from jwt_pizza.kernel.wire import LARGEST_ID
from jwt_pizza.ops.schedules import rotation

Form = Mapping[str, str]
Name = TypeVar("Name", bound=str)
Checked = TypeVar("Checked")

_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")


def known(number: int) -> int:
    """An id of an address; raises NotFound for one that nothing can have."""
    if not 1 <= number <= LARGEST_ID:
        raise NotFound(f"there is no {number}")
    return number


def whole(form: Form, name: str, what: str) -> int:
    """Not negative, of at most nine digits. `what`: as people call it."""
    text = form.get(name, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Invalid(f"{what} must be a whole number")
    return int(text)


def maybe_whole(form: Form, name: str, what: str) -> int | None:
    return whole(form, name, what) if form.get(name, "").strip() else None


def picked(form: Form, name: str, what: str) -> int:
    """An id of a list to choose from."""
    text = form.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Invalid(f"choose {what}")
    return int(text)


def one_of(form: Form, name: str, options: Collection[Name], what: str) -> Name:
    for option in options:
        if form.get(name) == option:
            return option
    raise Invalid(f"{what} must be one of {', '.join(options)}")


def sure(form: Form) -> None:
    """Of what cannot be taken back."""
    if form.get("sure") != "yes":
        raise Invalid("tick that you are sure")


def strict(made: Checked) -> Checked:
    """The same, held to all that its type says: what is made here was not decoded, as what comes over the API is."""
    try:
        return msgspec.convert(msgspec.to_builtins(made), type(made))
    except msgspec.ValidationError as error:
        raise Invalid(str(error)) from None


def local_time(text: str, what: str) -> datetime:
    """A date and time of a wall clock."""
    return rotation.local_time(text if _LOCAL.fullmatch(text) else "", what)
