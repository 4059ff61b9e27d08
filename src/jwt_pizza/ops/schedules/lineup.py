"""Who is on call when everything is counted: layers over each other, or a calendar kept elsewhere, and overrides."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from jwt_pizza.kernel.wallclock import zone_of
from jwt_pizza.ops.schedules.rotation import Rotation, Shift, Span, Turns, merged

OverrideKind = Literal["add", "remove", "replace"]
_HORIZONS: Final = tuple(timedelta(days=days) for days in (2, 9, 40, 400))


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """`add`: the person too. `remove`: `replaces_id` not. `replace`: the person instead of `replaces_id` where that one
    is on call, or, without one, instead of everybody and where nobody is."""

    id: int
    kind: OverrideKind
    person_id: int | None
    replaces_id: int | None
    starts: datetime
    ends: datetime
    created_by: int | None = None


class Lineup(msgspec.Struct, frozen=True, kw_only=True):
    """`layers`: a later one goes over those before it where it has somebody. `kept`: what a calendar elsewhere says, in
    place of layers. Overrides apply in the order in which they were made."""

    time_zone: str
    layers: tuple[Rotation, ...] = ()
    overrides: tuple[Override, ...] = ()
    kept: tuple[Shift, ...] | None = None


class Standing(msgspec.Struct, frozen=True):
    """From that moment on these are on call; nobody in a gap."""

    at: datetime
    people: tuple[int, ...]


def on_call(lineup: Lineup, at: datetime) -> tuple[int, ...]:
    """By id."""
    present = set(_base_at(lineup, at))
    for override in lineup.overrides:
        if override.starts <= at < override.ends:
            _apply_at(override, present)
    return tuple(sorted(present))


def final(lineup: Lineup, since: datetime, until: datetime) -> list[Shift]:
    """Every shift that touches the time from `since` to `until`, whole, by their beginnings."""
    shifts = _base(lineup, since, until)
    for override in lineup.overrides:
        if override.starts < until and override.ends > since:
            shifts = _apply(override, shifts)
    return sorted(shift for shift in shifts if shift.ends > since and shift.starts < until)


def gaps(lineup: Lineup, since: datetime, until: datetime) -> list[Span]:
    """When nobody is on call."""
    found, reached = [], since
    for starts, ends in merged([(shift.starts, shift.ends) for shift in final(lineup, since, until)]):
        if starts > reached:
            found.append((reached, starts))
        reached = max(reached, ends)
    if reached < until:
        found.append((reached, until))
    return found


def changes(lineup: Lineup, since: datetime, until: datetime) -> list[Standing]:
    """Each moment after `since`, up to and with `until`, from which on others are on call."""
    last = until + timedelta(microseconds=1)
    shifts = final(lineup, since, last)
    moments = sorted({moment for shift in shifts for moment in (shift.starts, shift.ends) if since < moment < last})
    opening = sorted(shifts)
    closing = sorted(shifts, key=lambda shift: shift.ends)
    present: Counter[int] = Counter()
    opened = closed = 0
    before, found = on_call(lineup, since), []
    for moment in moments:
        while opened < len(opening) and opening[opened].starts <= moment:
            present[opening[opened].person_id] += 1
            opened += 1
        while closed < len(closing) and closing[closed].ends <= moment:
            present[closing[closed].person_id] -= 1
            closed += 1
        people = tuple(sorted(person for person, count in present.items() if count))
        if people != before:
            found.append(Standing(moment, people))
            before = people
    return found


def next_change(lineup: Lineup, at: datetime) -> Standing | None:
    """Who is on call next, and from when; None when nothing changes within a year."""
    for horizon in _HORIZONS:
        found = changes(lineup, at, at + horizon)
        if found:
            return found[0]
    return None


def named(lineup: Lineup) -> set[int]:
    """Everybody who has a turn."""
    found = {person_id for layer in lineup.layers for person_id in layer.people}
    return found | {shift.person_id for shift in lineup.kept or ()}


def _base_at(lineup: Lineup, at: datetime) -> Sequence[int]:
    if lineup.kept is not None:
        return [shift.person_id for shift in lineup.kept if shift.starts <= at < shift.ends]
    zone = zone_of(lineup.time_zone)
    for layer in reversed(lineup.layers):
        person = Turns(layer, zone).on_call(at)
        if person is not None:
            return [person]
    return []


def _apply_at(override: Override, present: set[int]) -> None:
    if override.kind == "replace":
        if override.replaces_id is not None and override.replaces_id not in present:
            return
        if override.replaces_id is None:
            present.clear()
    if override.replaces_id is not None:
        present.discard(override.replaces_id)
    if override.person_id is not None:
        present.add(override.person_id)


def _base(lineup: Lineup, since: datetime, until: datetime) -> list[Shift]:
    if lineup.kept is not None:
        return list(lineup.kept)
    zone = zone_of(lineup.time_zone)
    layers = [Turns(layer, zone) for layer in lineup.layers]
    # As far as the turns reach that touch both ends: so a shift begins where it does, whatever part of it is asked for.
    spans = [layer.span(number) for layer in layers for at in (since, until) if (number := layer.at(at)) is not None]
    since = min([since, *(starts for starts, _ in spans)])
    until = max([until, *(ends for _, ends in spans)])
    shifts: list[Shift] = []
    for layer in layers:
        over = layer.shifts(since, until)
        shifts = _without(shifts, [(shift.starts, shift.ends) for shift in over]) + over
    return shifts


def _apply(override: Override, shifts: list[Shift]) -> list[Shift]:
    span = (override.starts, override.ends)
    taken = [span]
    if override.kind == "replace" and override.replaces_id is not None:
        theirs = [shift for shift in shifts if shift.person_id == override.replaces_id]
        taken = merged([_common((shift.starts, shift.ends), span) for shift in theirs if _touch(shift, span)])
    if override.kind == "replace" and override.replaces_id is None:
        shifts = _without(shifts, taken)
    for person_id in (override.replaces_id, override.person_id):
        if person_id is not None:
            others = [shift for shift in shifts if shift.person_id != person_id]
            shifts = others + _without([shift for shift in shifts if shift.person_id == person_id], taken)
    if override.person_id is not None:
        shifts = shifts + [Shift(starts, ends, override.person_id) for starts, ends in taken]
    return shifts


def _without(shifts: Sequence[Shift], holes: Sequence[Span]) -> list[Shift]:
    holes = merged(holes)
    ends = [hole[1] for hole in holes]
    found = []
    for shift in shifts:
        reached = shift.starts
        for opens, closes in holes[bisect_right(ends, shift.starts) :]:
            if opens >= shift.ends:
                break
            if opens > reached:
                found.append(Shift(reached, opens, shift.person_id))
            reached = max(reached, closes)
        if reached < shift.ends:
            found.append(Shift(reached, shift.ends, shift.person_id))
    return found


def _touch(shift: Shift, span: Span) -> bool:
    return shift.starts < span[1] and shift.ends > span[0]


def _common(one: Span, other: Span) -> Span:
    return max(one[0], other[0]), min(one[1], other[1])
