"""What lies on a pizza, by the words that it is described with. How each looks is in `toppings.svg`."""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

import msgspec


class Topping(msgspec.Struct, frozen=True):
    """`words` are beginnings of words; `many` of it lie on a whole pizza; what lies there `once` is in the middle."""

    name: str
    words: str
    many: int
    meat: bool = False
    once: bool = False


TOPPINGS: Final = (
    Topping("pepperoni", "pepperoni|diavol|spicy|hot", 13, meat=True),
    Topping("salami", "salami|sausage|chorizo|nduja|meat", 10, meat=True),
    Topping("tomato", "tomato|pomodor|margarit|margherit|garden|classic|caprese", 7),
    Topping("basil", "basil|basilic|margarit|margherit|classic|caprese|pesto|herb", 8),
    Topping("rocket", "rocket|arugula|rucola|spinach|kale|green", 11),
    Topping(
        "mozzarella", "mozzarella|burrata|bufal|buffalo|margarit|margherit|caprese|ricotta|classic|cheese|formaggi", 7
    ),
    Topping("mushroom", "mushroom|fungh|champignon|porcini|forest|capricc", 9),
    Topping("olive", "olive|greek|mediterr|capricc|garden|puttan|night|dark", 10),
    Topping("pepper", "pepper(?!oni)|paprika|veggie|vegetar|garden|capsicum", 8),
    Topping("onion", "onion|cipoll|shallot|veggie|greek", 8),
    Topping("chili", "chil|diavol|spicy|hot|fire|inferno|arrabb", 7),
    Topping("jalapeno", "jalape|mexic|taco", 9),
    Topping("pineapple", "pineapple|hawai|ananas|tropic", 8),
    Topping("ham", "ham|prosciutt|speck|hawai|capricc|cotto|parma", 8, meat=True),
    Topping("bacon", "bacon|pancetta|carbonara|smok", 7, meat=True),
    Topping("corn", "corn|maize|sweet", 10),
    Topping("egg", "egg|uovo|fiorentin|carbonara|breakfast|sunday|sunny", 1, once=True),
    Topping("anchovy", "anchov|sardin|tuna|tonno|fish|sea|marin|napol|puttan", 8, meat=True),
    Topping("shrimp", "shrimp|prawn|gamber|scampi|seafood", 7, meat=True),
    Topping("chicken", "chicken|pollo|turkey|bbq|barbecue", 8, meat=True),
    Topping("artichoke", "artichok|carciof|broccol|asparag|zucchin|courgette|season|stagion|veggie|vegan|plant", 8),
    Topping("gorgonzola", "gorgonzola|blue|stilton|formaggi|quattro|four", 9),
    Topping("truffle", "truffle|tartuf|luxur|royal", 8),
    Topping("potato", "potato|patat|rosemary", 9),
    Topping("garlic", "garlic|aglio|marinara|dry|crust|bread", 8),
    Topping("char", "char|black|burn|dark|leopard|smok|coal|ash", 16),
)
SHAPES: Final[Mapping[str, str]] = dict(
    re.findall(
        r'^<g id="(\w+)">(.*)</g>$', files(__package__).joinpath("toppings.svg").read_text("utf-8"), re.MULTILINE
    )
)
_MOST: Final = 4
_DELIGHTS: Final = tuple(topping for topping in TOPPINGS if topping.name not in {"egg", "char", "garlic"})
_GREEN: Final = re.compile(r"\b(ve[gj]|garden|green|plant)", re.IGNORECASE)


def toppings_of(text: str, choose: Sequence[float]) -> tuple[Topping, ...]:
    """Those that the words name, four at the most; where they name none, those that `choose` (in [0, 1)) picks."""
    named = tuple(topping for topping in TOPPINGS if re.search(rf"\b({topping.words})", text, re.IGNORECASE))
    if _GREEN.search(text):
        named = tuple(topping for topping in named if not topping.meat)
    if named:
        return named[:_MOST]
    picked = (_DELIGHTS[int(each * len(_DELIGHTS))] for each in choose)
    return tuple(dict.fromkeys(picked))
