"""What goes out on a line now, what waits, and what is told together, so that much at once is few messages.

The first page goes at once. What concerns other groups within the minute after a message waits for its end, and then is
one message. A phone gets at most as many texts as GoAlert's limits allow, but for pages that nobody acknowledged: those
go on the chain's cadence, and take along whatever waits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from jwt_pizza.ops.paging.model import Letter, Line, Plan, Waiting

SPACING: Final = timedelta(minutes=1)
LIMITS: Final = ((5, timedelta(minutes=15)), (11, timedelta(hours=1)), (21, timedelta(hours=3)))
"""Of texts to one phone. Source: GoAlert's per contact limits."""
KEPT: Final = timedelta(hours=3)
LAST_CODE: Final = 999
_RANK: Final = {"critical": 0, "warning": 1, "info": 2}


def sort(line: Line, due: Sequence[Waiting], now: datetime) -> Plan:
    void = tuple(each.id for each in due if is_void(each, now))
    live = [each for each in due if each.id not in void]
    if not live:
        return Plan(void=void, last_code=line.last_code)
    again = _tried(live)
    if again:
        # What was claimed before and not settled goes out as it was: the same words, the same mail id.
        return _letter(line, again, live, void, now)
    pages = sorted((each for each in live if each.kind == "page"), key=_urgency)
    others = [each for each in live if each.kind != "page"]
    if others:
        return _letter(line, others[:1], live, void, now)
    free_at = _free_at(line, pages, now)
    if free_at > now:
        return Plan(void=void, held=tuple(each.id for each in pages), until=free_at, last_code=line.last_code)
    one_group = len({each.group_id for each in pages}) == 1
    together = one_group or any(each.held for each in pages) or all(each.page > 1 for each in pages)
    return _letter(line, pages if together else pages[:1], live, void, now)


def is_void(each: Waiting, now: datetime) -> bool:
    """Whether what it would tell is over: acknowledged, resolved, silenced, or begun anew."""
    if each.group_id is None:
        return False
    group = each.group
    if group is None:
        return True
    if group.silenced_until is not None and group.silenced_until > now:
        return True
    if each.kind == "reminder":
        return group.status != "acknowledged" or group.generation != each.generation
    return group.status != "firing" or group.generation != each.generation


def _tried(live: Sequence[Waiting]) -> list[Waiting]:
    known = min((each.message_id for each in live if each.message_id is not None), default=None)
    return [each for each in live if each.message_id == known] if known is not None else []


def _letter(
    line: Line, chosen: Sequence[Waiting], live: Sequence[Waiting], void: tuple[int, ...], now: datetime
) -> Plan:
    held = tuple(each.id for each in live if each not in chosen)
    code, last_code = _code(line, chosen)
    letter = Letter(
        message_id=chosen[0].message_id or min(each.id for each in chosen),
        notifications=tuple(chosen),
        code=code,
    )
    return Plan(void=void, letter=letter, held=held, until=now + SPACING if held else None, last_code=last_code)


def _code(line: Line, chosen: Sequence[Waiting]) -> tuple[int | None, int]:
    """The one by which the group was told before, or a new one."""
    if line.channel != "sms" or chosen[0].kind not in {"page", "reminder"}:
        return None, line.last_code
    known = chosen[0].reply_code
    if known is None and len(chosen) == 1 and chosen[0].group is not None:
        known = chosen[0].group.code
    if known is not None:
        return known, line.last_code
    fresh = line.last_code % LAST_CODE + 1
    return fresh, fresh


def _urgency(each: Waiting) -> tuple[int, datetime, int]:
    return _RANK[each.group.severity if each.group else "info"], each.send_at, each.id


def _free_at(line: Line, pages: Sequence[Waiting], now: datetime) -> datetime:
    first = pages[0]
    on_cadence = first.group is not None and (
        first.group.severity == "critical" or (first.group.severity == "warning" and first.page > 1)
    )
    same_group = on_cadence and {each.group_id for each in pages} == {line.last_group_id}
    spaced = line.last_at + SPACING if line.last_at is not None and not same_group else now
    if on_cadence or line.channel != "sms":
        return spaced
    return max(spaced, *(_within(line, most, time, now) for most, time in LIMITS))


def _within(line: Line, most: int, time: timedelta, now: datetime) -> datetime:
    """When one more is at most so many within that time."""
    recent = [at for at in line.recent if at > now - time]
    return now if len(recent) < most else recent[-most] + time
