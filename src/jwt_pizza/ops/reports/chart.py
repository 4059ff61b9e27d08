"""Good and failed orders per minute, as a picture."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from jwt_pizza.ops.incidents.remote import Minute
from jwt_pizza.ops.reports.document import Picture

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 200, 34, 24, 24
_MOST: Final = 240
"""Bars; more minutes share one."""
_GOOD, _FAILED, _INK = "#2f7d3b", "#b3261e", "#6d5545"


def orders(minutes: Sequence[Minute]) -> Picture | None:
    """None where nobody ordered."""
    bars = _bars(minutes)
    most = max((bar.good + bar.failed for bar in bars), default=0)
    if not most:
        return None
    plot_width, plot_height = _WIDTH - _LEFT - 6, _HEIGHT - _TOP - _BOTTOM
    step = plot_width / len(bars)
    unit = plot_height / most
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}">',
        '<g font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fffdf9"/>',
        f'<path d="M{_LEFT} {_TOP}V{_HEIGHT - _BOTTOM}H{_WIDTH - 6}" fill="none" stroke="{_INK}"/>',
        f'<text x="{_LEFT - 4}" y="{_TOP + 8}" text-anchor="end" fill="{_INK}">{most}</text>',
        f'<rect x="{_LEFT}" y="6" width="10" height="10" fill="{_GOOD}"/>',
        f'<text x="{_LEFT + 14}" y="15" fill="{_INK}">delivered</text>',
        f'<rect x="{_LEFT + 84}" y="6" width="10" height="10" fill="{_FAILED}"/>',
        f'<text x="{_LEFT + 98}" y="15" fill="{_INK}">failed</text>',
        f'<text x="{_WIDTH - 6}" y="15" text-anchor="end" fill="{_INK}">orders per minute, UTC</text>',
    ]
    base = _HEIGHT - _BOTTOM
    labels = max(1, len(bars) // 6)
    for number, bar in enumerate(bars):
        x = _LEFT + number * step
        good, failed = bar.good * unit, bar.failed * unit
        for height, top, colour in ((good, base - good, _GOOD), (failed, base - good - failed, _FAILED)):
            if height:
                parts.append(
                    f'<rect x="{x + step * 0.1:.1f}" y="{top:.1f}" width="{step * 0.8:.1f}" height="{height:.1f}"'
                    f' fill="{colour}"/>'
                )
        if number % labels == 0:
            when = bar.at.astimezone(UTC)
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}" fill="{_INK}">{when:%H:%M}</text>')
    parts.append("</g></svg>")
    delivered, lost = sum(bar.good for bar in bars), sum(bar.failed for bar in bars)
    alt = f"Orders per minute from {_clock(bars[0].at)} to {_clock(bars[-1].at)} UTC"
    return Picture(f"{alt}: {delivered} delivered, {lost} failed", "".join(parts))


def _bars(minutes: Sequence[Minute]) -> Sequence[Minute]:
    """Without gaps, oldest first."""
    if not minutes:
        return ()
    counts = {minute.at.replace(second=0, microsecond=0): minute for minute in minutes}
    first, last = min(counts), max(counts)
    length = int((last - first).total_seconds()) // 60 + 1
    together = -(-length // _MOST)
    bars = []
    for start in range(0, length, together):
        within = [
            counts[at]
            for at in (first + timedelta(minutes=n) for n in range(start, min(start + together, length)))
            if at in counts
        ]
        at = first + timedelta(minutes=start)
        good, failed = sum(each.good for each in within), sum(each.failed for each in within)
        bars.append(Minute(at=at, good=good, failed=failed))
    return bars


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M}"
