"""Where an alert goes: its route, and what keeps it quiet."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, Protocol

import msgspec

from jwt_pizza.kernel.wire import Id, Wire
from jwt_pizza.ops.routing.matching import Fit, Labels, Matcher, Matchers

SilenceKind = Literal["silence", "maintenance"]
EVERY_LABEL: Final = "..."
"""In `group_by`: each alert is a group of its own."""
LAST: Final = 2_147_483_647
"""The position of the default route."""
_MOST_PLACES: Final = 10_000
"""How many places are remembered."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Seconds = Annotated[float, msgspec.Meta(ge=60, le=604_800)]


class RoutePlan(Wire, frozen=True, forbid_unknown_fields=True):
    """`chain_id` None: nobody is paged. `remind_seconds` and `unacknowledge_seconds` after an acknowledgement; None:
    never."""

    name: Name
    matchers: Matchers = ()
    group_by: Annotated[list[Label], msgspec.Meta(max_length=20)] = msgspec.field(default_factory=lambda: ["alertname"])
    chain_id: Id | None = None
    remind_seconds: _Seconds | None = None
    unacknowledge_seconds: _Seconds | None = None


class Route(RoutePlan, frozen=True, kw_only=True):
    """Routes are tried by `position`; the default one is the last."""

    id: int
    position: int

    @property
    def is_default(self) -> bool:
        return self.position == LAST


class SilencePlan(Wire, frozen=True, forbid_unknown_fields=True):
    """A silence keeps new alerts quiet; a maintenance window also stops what pages already.

    `starts_at` None: now. Either `ends_at` or `seconds` says until when.
    """

    matchers: Annotated[tuple[Matcher, ...], msgspec.Meta(min_length=1, max_length=20)]
    kind: SilenceKind = "silence"
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    comment: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Silence(Wire, frozen=True):
    """`ended_at`: somebody ended it before its time."""

    id: int
    kind: SilenceKind
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    comment: str
    created_by: str
    created_at: datetime
    ended_at: datetime | None = None

    def mutes_at(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at and self.ended_at is None


class InhibitionPlan(Wire, frozen=True, forbid_unknown_fields=True):
    """While an alert fires that fits `source`, those that fit `target` and have the same values of `equal` are muted.
    An alert that fits both is not muted by others that do."""

    source: Annotated[tuple[Matcher, ...], msgspec.Meta(min_length=1, max_length=20)]
    target: Annotated[tuple[Matcher, ...], msgspec.Meta(min_length=1, max_length=20)]
    equal: Annotated[tuple[Label, ...], msgspec.Meta(max_length=20)] = ()


class Inhibition(InhibitionPlan, frozen=True, kw_only=True):
    id: int


class Placed(msgspec.Struct, frozen=True):
    """Where an alert belongs. `key` tells groups apart; `labels` are those that it groups by."""

    route: Route
    key: str
    labels: dict[str, str]


class Rules:
    """All of it, ready to be asked for every alert."""

    def __init__(
        self, version: int, routes: Sequence[Route], silences: Sequence[Silence], inhibitions: Sequence[Inhibition]
    ) -> None:
        """`routes` in order, the default one last; `silences` that are not over."""
        self.version = version
        self.routes = {route.id: route for route in routes}
        self._routes = [(Fit(route.matchers), route) for route in routes]
        self._read = _labels_read(routes)
        self._places: dict[tuple[str | None, ...], Placed] = {}
        self._silences = [(Fit(silence.matchers), silence) for silence in silences]
        self.inhibit = bool(inhibitions)
        self._inhibitions = [(Fit(rule.source), Fit(rule.target), rule) for rule in inhibitions]

    def place(self, labels: Labels) -> Placed:
        """Alerts come by the hundred and differ in labels of which no route asks: each place is worked out once."""
        if self._read is None:
            return self._place(labels)
        values = tuple([labels.get(label) for label in self._read])
        placed = self._places.get(values)
        if placed is None:
            if len(self._places) >= _MOST_PLACES:
                self._places.clear()
            placed = self._places[values] = self._place(labels)
        return placed

    def _place(self, labels: Labels) -> Placed:
        route = next(route for fits, route in self._routes if fits(labels))
        if EVERY_LABEL in route.group_by:
            by = dict(labels)
        else:
            by = {label: labels[label] for label in route.group_by if label in labels}
        return Placed(route, _hash([str(route.id), *(f"{name}={by[name]}" for name in sorted(by))]), by)

    def silenced(self, labels: Labels, at: datetime) -> str | None:
        """`maintenance:4` or `silence:3`, the maintenance window first."""
        found = None
        for fits, silence in self._silences:
            if silence.mutes_at(at) and fits(labels):
                found = f"{silence.kind}:{silence.id}"
                if silence.kind == "maintenance":
                    break
        return found

    def inhibits(self, labels: Labels) -> list[str]:
        """The keys under which it mutes others while it fires."""
        return [_inhibition_key(rule, labels) for source, _, rule in self._inhibitions if source(labels)]

    def inhibited(self, labels: Labels) -> list[str]:
        """The keys under which others mute it."""
        return [
            _inhibition_key(rule, labels)
            for source, target, rule in self._inhibitions
            if target(labels) and not source(labels)
        ]


class RoutingStore(Protocol):
    """Every change also grows the version that `Rules` carry, and records what was changed, in one commit."""

    async def routes(self) -> Sequence[Route]: ...
    async def add_route(self, plan: RoutePlan, *, by: str, at: datetime) -> Route: ...
    async def change_route(self, route_id: int, plan: RoutePlan, *, by: str, at: datetime) -> Route: ...
    async def order_routes(self, route_ids: Sequence[int], *, by: str, at: datetime) -> Sequence[Route]: ...
    async def remove_route(self, route_id: int, *, by: str, at: datetime) -> None: ...
    async def silences(self, *, ended: bool, at: datetime, most: int) -> Sequence[Silence]: ...
    async def add_silence(
        self, plan: SilencePlan, starts_at: datetime, ends_at: datetime, *, by: str, at: datetime
    ) -> Silence: ...
    async def end_silence(self, silence_id: int, *, by: str, at: datetime) -> Silence: ...
    async def inhibitions(self) -> Sequence[Inhibition]: ...
    async def add_inhibition(self, plan: InhibitionPlan, *, by: str, at: datetime) -> Inhibition: ...
    async def remove_inhibition(self, inhibition_id: int, *, by: str, at: datetime) -> None: ...


def _labels_read(routes: Sequence[Route]) -> tuple[str, ...] | None:
    """The labels on which a place depends; None for all of them."""
    read = {label for route in routes for label in route.group_by}
    if EVERY_LABEL in read:
        return None
    return tuple(sorted(read | {matcher.label for route in routes for matcher in route.matchers}))


def _inhibition_key(rule: Inhibition, labels: Labels) -> str:
    return f"{rule.id}:{_hash([labels.get(label, '') for label in rule.equal])}"


def _hash(parts: Sequence[str]) -> str:
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()
