"""Schedules as the API tells them, and as it is told them."""

from collections.abc import Mapping, Sequence

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.schedules.lineup import Override, OverrideKind, Standing
from jwt_pizza.ops.schedules.model import Schedule
from jwt_pizza.ops.schedules.rotation import Rotation, Shift, Span


class Who(Wire, frozen=True):
    id: int
    name: str


class ShiftCard(Wire, frozen=True):
    person: Who
    starts: str
    ends: str


class SpanCard(Wire, frozen=True):
    starts: str
    ends: str


class StandingCard(Wire, frozen=True):
    """From `at` on; nobody in a gap."""

    at: str
    people: tuple[Who, ...]


class OverrideCard(Wire, frozen=True):
    id: int
    kind: OverrideKind
    person: Who | None
    replaces: Who | None
    starts: str
    ends: str
    created_by: Who | None


class KeptElsewhere(Wire, frozen=True):
    """`unknown`: titles of events in which nobody of the roster was recognised."""

    url: str
    read_at: str | None
    error: str | None
    unknown: tuple[str, ...]


class ScheduleCard(Wire, frozen=True):
    """`feed`: the path of its calendar; who knows it reads it without a login."""

    id: int
    team_id: int
    name: str
    time_zone: str
    layers: tuple[Rotation, ...]
    overrides: tuple[OverrideCard, ...]
    calendar: KeptElsewhere | None
    feed: str


class OnCallCard(Wire, frozen=True):
    """`next`: who is on call next, and from when; absent when nothing changes within a year."""

    schedule_id: int
    schedule: str
    time_zone: str
    now: tuple[Who, ...]
    next: StandingCard | None


class Shifts(Wire, frozen=True):
    time_zone: str
    shifts: tuple[ShiftCard, ...]
    gaps: tuple[SpanCard, ...]


class History(Wire, frozen=True):
    """As it was at each moment, whatever was changed later."""

    standings: tuple[StandingCard, ...]


class Feed(Wire, frozen=True):
    """`feed`: a secret path; who knows it reads the calendar without a login."""

    feed: str


class Names:
    """People by id; who left is still shown."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names

    def who(self, person_id: int) -> Who:
        return Who(id=person_id, name=self._names.get(person_id, f"person {person_id}"))

    def maybe(self, person_id: int | None) -> Who | None:
        return None if person_id is None else self.who(person_id)

    def standing(self, standing: Standing) -> StandingCard:
        return StandingCard(at=iso(standing.at), people=tuple(map(self.who, standing.people)))

    def shift(self, shift: Shift) -> ShiftCard:
        return ShiftCard(person=self.who(shift.person_id), starts=iso(shift.starts), ends=iso(shift.ends))

    def override(self, override: Override) -> OverrideCard:
        return OverrideCard(
            id=override.id,
            kind=override.kind,
            person=self.maybe(override.person_id),
            replaces=self.maybe(override.replaces_id),
            starts=iso(override.starts),
            ends=iso(override.ends),
            created_by=self.maybe(override.created_by),
        )

    def schedule(self, schedule: Schedule) -> ScheduleCard:
        kept = None
        if schedule.calendar_url is not None:
            read_at = schedule.calendar_read_at
            kept = KeptElsewhere(
                url=schedule.calendar_url,
                read_at=iso(read_at) if read_at else None,
                error=schedule.calendar_error,
                unknown=schedule.unknown[:100],
            )
        return ScheduleCard(
            id=schedule.id,
            team_id=schedule.team_id,
            name=schedule.name,
            time_zone=schedule.lineup.time_zone,
            layers=schedule.lineup.layers,
            overrides=tuple(map(self.override, schedule.lineup.overrides)),
            calendar=kept,
            feed=f"/api/schedules/{schedule.id}/calendar/{schedule.feed_token}.ics",
        )

    def on_call(self, schedule: Schedule, now: Standing, following: Standing | None) -> OnCallCard:
        return OnCallCard(
            schedule_id=schedule.id,
            schedule=schedule.name,
            time_zone=schedule.lineup.time_zone,
            now=tuple(map(self.who, now.people)),
            next=self.standing(following) if following else None,
        )


def spans(found: Sequence[Span]) -> tuple[SpanCard, ...]:
    return tuple(SpanCard(starts=iso(starts), ends=iso(ends)) for starts, ends in found)
