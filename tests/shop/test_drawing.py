"""Pictures of pizzas."""

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwt_pizza.shop.menu.drawing import draw
from jwt_pizza.shop.menu.toppings import TOPPINGS, toppings_of


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Pepperoni Spicy treat", ["pepperoni", "chili"]),
        ("Hawaii Ham and pineapple", ["pineapple", "ham"]),
        ("Funghi Mushrooms, truffle and garlic", ["mushroom", "truffle", "garlic"]),
        ("Garden Sausage-free greens", ["tomato", "rocket", "olive", "pepper"]),
    ],
)
def test_words_name_toppings(words: str, expected: list[str]) -> None:
    assert [topping.name for topping in toppings_of(words, (0.1, 0.5, 0.9))] == expected


def test_what_names_nothing_gets_something_and_always_the_same() -> None:
    assert draw("Nameless", "Xyzzy") == draw("Nameless", "Xyzzy") != draw("Nameless", "Plugh")
    assert 1 <= len(toppings_of("Nameless Xyzzy", (0.0, 0.5, 0.999))) <= 3


@settings(max_examples=40, deadline=None)
@given(title=st.text(max_size=100), description=st.text(max_size=500))
def test_any_words_make_a_small_picture_without_styles_or_words(title: str, description: str) -> None:
    picture = draw(title, description)
    root = ElementTree.fromstring(picture)  # noqa: S314 - it is ours
    assert len(picture) < 8_000
    assert not [each for each in root.iter() if {"style", "class", "onload"} & set(each.attrib)]
    assert "".join(root.itertext()) == ""


def test_every_topping_can_be_named() -> None:
    for topping in TOPPINGS:
        word = topping.words.split("|")[0].removesuffix("(?!oni)")
        assert topping in toppings_of(word, (0.0, 0.0, 0.0)), topping.name
