"""Draws everything that the public may read, once after each change: what is served is then only copied.

The same pages are made for our own address and for a folder that lives elsewhere; they differ in their links alone.
"""

import gzip
import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Final, Protocol

import msgspec

from jwt_pizza.ops.status.board import DAYS, Board, Day, PartStatus, PublicIncident

HOME: Final = "/status"
HTML, ATOM, RSS = (
    "text/html; charset=utf-8",
    "application/atom+xml; charset=utf-8",
    "application/rss+xml; charset=utf-8",
)
_STEP, _HEIGHT = 4, 28
_GOOD, _FAIR = 0.9999, 0.99
_TOLD: Final = 20
_WORDS: Final = {"operational": "All is well", "degraded": "Some things do not work", "down": "A serious outage"}


class Template(Protocol):
    def render(self, **context: object) -> str: ...


class Drawn(msgspec.Struct, frozen=True):
    """A page, as it goes out. `tag`: changes with its content."""

    kind: str
    body: bytes
    zipped: bytes
    tag: str


class Links(msgspec.Struct, frozen=True):
    """How a page leads to the others. `subscribe`: where forms go."""

    home: str
    style: str
    atom: str
    rss: str
    subscribe: str
    incident: Callable[[int], str]


class Strip(msgspec.Struct, frozen=True):
    """The days of a part as paths of one picture, by how good they were; the last `bad` ones tell what they were like:
    not all of them, as the page is to stay small however bad times are."""

    width: int
    height: int
    paths: tuple[tuple[str, str], ...]
    bad: tuple[tuple[int, str], ...]


class Press:
    def __init__(
        self, template: Callable[[str], Template], *, address: str, style: str, name: str, objective: float
    ) -> None:
        """`address`: the public one of ops, where feeds and letters lead. `objective`: of requests that go well."""
        self._template = template
        self._address = address.rstrip("/")
        self._style = style
        self._name = name
        self._objective = objective

    def served(self, board: Board) -> Mapping[str, Drawn]:
        """By path on our own address."""
        links = Links(
            home=HOME,
            style=self._style,
            atom=f"{HOME}/feed.atom",
            rss=f"{HOME}/feed.rss",
            subscribe=f"{HOME}/subscription",
            incident=lambda number: f"{HOME}/incidents/{number}",
        )
        pages = {
            HOME: (HTML, self._home(board, links)),
            links.atom: (ATOM, self._feed("atom", board)),
            links.rss: (RSS, self._feed("rss", board)),
        }
        for incident in board.incidents:
            pages[links.incident(incident.incident_id)] = (HTML, self._incident(incident, links))
        return {path: _drawn(kind, text) for path, (kind, text) in pages.items()}

    def folder(self, board: Board, style: str) -> Mapping[str, bytes]:
        """By name in a folder; what leads to others comes after them. `style` is the stylesheet itself."""
        home = Links(
            home="./",
            style="status.css",
            atom="feed.atom",
            rss="feed.rss",
            subscribe=f"{self._address}{HOME}/subscription",
            incident=lambda number: f"incidents/{number}.html",
        )
        inner = Links(
            home="../",
            style="../status.css",
            atom="../feed.atom",
            rss="../feed.rss",
            subscribe=home.subscribe,
            incident=lambda number: f"{number}.html",
        )
        files = {"status.css": style}
        for incident in board.incidents:
            files[f"incidents/{incident.incident_id}.html"] = self._incident(incident, inner)
        files |= {"feed.atom": self._feed("atom", board), "feed.rss": self._feed("rss", board)}
        files["index.html"] = self._home(board, home)
        return {name: text.encode() for name, text in files.items()}

    def message(self, **context: object) -> str:
        """A small page that answers a form."""
        return self._template("status/message.html").render(
            links=Links(HOME, self._style, f"{HOME}/feed.atom", f"{HOME}/feed.rss", f"{HOME}/subscription", str),
            name=self._name,
            **context,
        )

    def _home(self, board: Board, links: Links) -> str:
        return self._template("status/home.html").render(
            links=links,
            name=self._name,
            board=board,
            headline=_WORDS[board.state],
            parts=[(part, strip(part, board), part.budget_left(self._objective)) for part in board.parts],
            objective=self._objective,
            days=DAYS,
        )

    def _incident(self, incident: PublicIncident, links: Links) -> str:
        return self._template("status/incident.html").render(links=links, name=self._name, incident=incident)

    def _feed(self, kind: str, board: Board) -> str:
        entries = sorted(
            ((incident, update) for incident in board.incidents for update in incident.updates),
            key=lambda entry: (entry[1].at, entry[1].id),
            reverse=True,
        )[:50]
        updated = entries[0][1].at if entries else datetime.combine(board.today, time(), UTC)
        return self._template(f"status/{kind}.xml").render(
            name=self._name, address=self._address, home=f"{self._address}{HOME}", entries=entries, updated=updated
        )


def strip(part: PartStatus, board: Board) -> Strip:
    days = {day.day: day for day in part.days}
    paths: dict[str, list[str]] = {"unknown": [], "good": [], "fair": [], "poor": []}
    bad = []
    for number in range(DAYS):
        at = board.today - timedelta(days=DAYS - 1 - number)
        day = days.get(at)
        quality = _quality(day)
        paths[quality].append(f"M{number * _STEP + 2} 0v{_HEIGHT}")
        if day is not None and quality in {"fair", "poor"}:
            bad.append((number * _STEP, f"{at:%Y-%m-%d}: {', '.join(_told(day))}"))
    return Strip(
        width=DAYS * _STEP,
        height=_HEIGHT,
        paths=tuple((quality, "".join(path)) for quality, path in paths.items() if path),
        bad=tuple(bad[-_TOLD:]),
    )


def _quality(day: Day | None) -> str:
    if day is None or day.share is None:
        return "unknown"
    requests = day.good + day.bad
    worst = min(day.share, day.good / requests if requests else 1.0)
    return "good" if worst >= _GOOD else "fair" if worst >= _FAIR else "poor"


def _told(day: Day) -> Iterator[str]:
    if day.down:
        minutes = max(1, round(day.down / 60))
        yield f"down for {minutes} min"
    if day.bad:
        yield f"{day.bad:,} of {day.good + day.bad:,} requests failed"


def _drawn(kind: str, text: str) -> Drawn:
    body = text.encode()
    tag = hashlib.sha256(body).hexdigest()[:20]
    return Drawn(kind, body, gzip.compress(body, 6, mtime=0), f'"{tag}"')
