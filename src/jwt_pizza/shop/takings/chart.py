"""A chart of days: SVG whose colours come from the style sheet, for eyes; the table beside it is for everybody."""

from collections.abc import Sequence
from datetime import date

import msgspec

from jwt_pizza.kernel.money import Satoshis, btc_text

_WIDTH, _HEIGHT = 640.0, 190.0
_LEFT, _BOTTOM, _TOP = 4.0, 26.0, 30.0


class Bar(msgspec.Struct, frozen=True):
    """`label` stands below every few bars; empty below the others."""

    x: float
    y: float
    width: float
    height: float
    day: date
    taken: Satoshis
    label: str

    @property
    def words(self) -> str:
        return f"{self.day:%d %b}: {btc_text(self.taken)}"


class Chart(msgspec.Struct, frozen=True):
    width: float
    height: float
    floor: float
    bars: Sequence[Bar]
    most: Satoshis


def chart(taken: Sequence[tuple[date, Satoshis]]) -> Chart:
    """`taken` has every day, the oldest first."""
    most = max((amount for _, amount in taken), default=Satoshis(0))
    step = (_WIDTH - 2 * _LEFT) / max(len(taken), 1)
    floor = _HEIGHT - _BOTTOM
    bars = []
    for number, (day, amount) in enumerate(taken):
        height = (floor - _TOP) * amount / most if most else 0.0
        last = len(taken) - 1
        labelled = (last - number) % 7 == 0
        bars.append(
            Bar(
                x=round(_LEFT + number * step + step * 0.12, 1),
                y=round(floor - height, 1),
                width=round(step * 0.76, 1),
                height=round(height, 1),
                day=day,
                taken=amount,
                label=f"{day.day} {day:%b}" if labelled else "",
            )
        )
    return Chart(_WIDTH, _HEIGHT, floor, bars, most)
