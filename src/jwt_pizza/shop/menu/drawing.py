"""Pictures of pizzas, drawn from what the menu says of them: the same words give the same picture, everywhere.

Presentation attributes alone, no styles: a picture must also be drawn under the site's content security policy.
"""

import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from jwt_pizza.shop.menu.toppings import SHAPES, Topping, toppings_of

Dice = Callable[[], float]
_GOLDEN: Final = math.pi * (3 - math.sqrt(5))
_POINTS: Final = 26
_DARK: Final = re.compile(r"\b(char|burn|dark|coal|black)", re.IGNORECASE)
_THICK: Final = re.compile(r"\b(crust|dry|pan|deep|bread|thick)", re.IGNORECASE)
_WHITE: Final = re.compile(r"\b(bianca|white|cream|formaggi|carbonara|potato)", re.IGNORECASE)
_PESTO: Final = re.compile(r"\b(pesto|genovese)", re.IGNORECASE)


def draw(title: str, description: str) -> str:
    """SVG of a square whose side is the pizza's diameter and a little."""
    text = f"{title} {description}"
    dice = random.Random(text).random  # noqa: S311 - to look alike on every machine is the point
    toppings = toppings_of(text, (dice(), dice(), dice()))
    dark = bool(_DARK.search(text))
    rim = 24.0 if _THICK.search(text) else 15.0
    crust, shade = ("#8a5227", "#6d3d1a") if dark else ("#d19a52", "#b0752f")
    sauce = "#f2e3bd" if _WHITE.search(text) else "#7f9a3c" if _PESTO.search(text) else "#b8341c"
    shapes = "".join(
        f'<g id="{letter}">{SHAPES[topping.name]}</g>' for letter, topping in zip("abcd", toppings, strict=False)
    )
    parts = [
        f'<path d="{_round(99, 1.4, dice)}" fill="{shade}"/><path d="{_round(96.5, 1.6, dice)}" fill="{crust}"/>',
        "".join(_blisters(rim, dark=dark, dice=dice)),
        f'<path d="{_round(100 - rim, 1.5, dice)}" fill="{sauce}"/>',
        f'<path d="{_round(96 - rim, 3.2, dice)}" fill="{"#e9b453" if dark else "#f5c55f"}"/>',
        "".join(_pools(96 - rim, dice)),
        "".join(_scattered(toppings, 86 - rim, dice)),
        '<path d="M0-98V98M-85-49L85 49M-85 49L85-49" fill="none" stroke="#5b2c0d" stroke-width="1.3" opacity=".28"/>',
    ]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-102 -102 204 204" width="204" height="204">'
        f"<defs>{shapes}</defs>{''.join(parts)}</svg>"
    )


def _round(radius: float, wobble: float, dice: Dice) -> str:
    """A closed curve about a circle, as hands make one."""
    radii = [radius + (dice() - 0.5) * 2 * wobble for _ in range(_POINTS)]
    points = [_at(each, 2 * math.pi * number / _POINTS) for number, each in enumerate(radii)]
    middles = [
        ((x + after_x) / 2, (y + after_y) / 2)
        for (x, y), (after_x, after_y) in zip(points, (*points[1:], points[0]), strict=True)
    ]
    start = middles[-1]
    curves = "".join(
        f"Q{_number(x)} {_number(y)} {_number(mx)} {_number(my)}"
        for (x, y), (mx, my) in zip(points, middles, strict=True)
    )
    return f"M{_number(start[0])} {_number(start[1])}{curves}Z"


def _blisters(rim: float, *, dark: bool, dice: Dice) -> Iterator[str]:
    colour = "#2b1a12" if dark else "#8d5520"
    for _ in range(22 if dark else 11):
        x, y = _at(100 - rim / 2 + (dice() - 0.5) * rim * 0.5, dice() * 2 * math.pi)
        size = 1.6 + dice() * (rim / 5)
        yield f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(size)}" fill="{colour}" opacity=".55"/>'


def _pools(radius: float, dice: Dice) -> Iterator[str]:
    """Where the cheese has run together."""
    for _ in range(7):
        x, y = _at(radius * 0.85 * math.sqrt(dice()), dice() * 2 * math.pi)
        size, turn = 7 + dice() * 9, int(dice() * 180)
        yield (
            f'<ellipse rx="{_number(size)}" ry="{_number(size * 0.7)}" fill="#fbe0a0" opacity=".75" '
            f'transform="translate({_number(x)} {_number(y)}) rotate({turn})"/>'
        )


def _scattered(toppings: Sequence[Topping], radius: float, dice: Dice) -> Iterator[str]:
    """One of each in turn along a sunflower's spiral: even, never in rows, nothing hidden."""
    share = {1: 1.25, 2: 1.0, 3: 0.85}.get(len(toppings), 0.7)
    left = {letter: max(1, round(topping.many * share)) for letter, topping in zip("abcd", toppings, strict=False)}
    single = {letter for letter, topping in zip("abcd", toppings, strict=False) if topping.once}
    order: list[str] = []
    while any(left.values()):
        for letter, count in left.items():
            if count and letter not in single:
                order.append(letter)
            left[letter] = max(0, count - 1)
    start = dice() * 2 * math.pi
    for number, letter in enumerate(order):
        distance = radius * math.sqrt((number + 0.6) / len(order))
        x, y = _at(distance + (dice() - 0.5) * 6, start + number * _GOLDEN)
        yield f'<use href="#{letter}" transform="translate({_number(x)} {_number(y)}) rotate({int(dice() * 360)})"/>'
    for letter in sorted(single):
        yield f'<use href="#{letter}"/>'


def _at(distance: float, angle: float) -> tuple[float, float]:
    return distance * math.cos(angle), distance * math.sin(angle)


def _number(value: float) -> str:
    return f"{round(value, 1):g}"
