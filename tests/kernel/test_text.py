import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.text import like, line


@given(some.text(max_size=30))
def test_a_line_is_visible_short_and_composed_or_refused(value: str) -> None:
    try:
        text = line(value, "name", most=20)
    except Invalid:
        return
    assert 1 <= len(text) <= 20
    assert text == text.strip() == unicodedata.normalize("NFC", text)
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
    text.encode()


@pytest.mark.parametrize("value", ["", "  ", "\t", "a\nb", "a\0b", "a\x7fb", "\ud800", "a\x1b[2J", "x" * 21])
def test_what_is_no_line_is_refused(value: str) -> None:
    with pytest.raises(Invalid, match="name"):
        line(value, "name", most=20)


@pytest.mark.parametrize("value", ["常用名字", "👩‍🚒", "e\u0301", "O'Brien; --", "<b>", "مرحبا"])
def test_names_of_all_scripts_are_lines(value: str) -> None:
    assert line(f" {value} ", "name", most=20) == unicodedata.normalize("NFC", value)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("*", "%"), ("a*b", "a%b"), ("100%", "100\\%"), ("a_b", "a\\_b"), ("\\*", "\\\\%"), ("", "")],
)
def test_only_the_star_is_a_wildcard(pattern: str, expected: str) -> None:
    assert like(pattern) == expected
