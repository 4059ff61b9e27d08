"""What an alert is, whoever tells it: cleaned, bounded, with a fingerprint over its labels.

Identity is the labels alone, in any order, so the same alert of a pair of Alertmanagers, or told by Prometheus and by
Grafana, is one. What would be no reason to lose a page is mended rather than refused: control characters become U+FFFD,
long annotations are cut, impossible times become now.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.alerts.model import Incoming

MOST_LABELS: Final = 100
LONGEST_NAME: Final = 200
MOST_BYTES: Final = 16_384
"""Of all labels of an alert together, as JSON."""
LONGEST_ANNOTATION: Final = 4000
LONGEST_URL: Final = 2000
LONGEST_TITLE: Final = 200
LONGEST_FIRING: Final = timedelta(days=30)
"""An alert that says that it fires for longer, without being told again, is believed so long."""

_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Whatever began before says that nobody set the time: Go's zero time, or the epoch."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACE: Final = re.compile(r"\s+")
_encode: Final = msgspec.json.Encoder(order="sorted").encode
_NOTHING: Final = "{}"


class Known(msgspec.Struct, frozen=True):
    """An alert that can be stored. `dated`: its source said when it began. `ends_at` is set when it is resolved."""

    source: str
    fingerprint: str
    labels: dict[str, str]
    encoded: str
    """The labels as JSON, sorted."""
    annotations: str
    """As JSON."""
    generator_url: str
    starts_at: datetime
    dated: bool
    ends_at: datetime | None
    stale_at: datetime
    title: str
    """The summary, or the name of the alert, in one line."""

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")


def known(alert: Incoming, now: datetime) -> Known:
    """Raises Invalid for what has no usable labels."""
    labels, encoded = _labels(alert.labels)
    raw = encoded.encode()
    if len(raw) > MOST_BYTES:
        raise Invalid(f"the labels of an alert may take {MOST_BYTES} bytes together, these take {len(raw)}")
    starts_at, ends_at = _set(alert.starts_at), _set(alert.ends_at)
    if starts_at is not None and starts_at > now:
        starts_at = now
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise Invalid("endsAt must not be before startsAt")
    stale_at = now + _patience(alert.stale_after) if ends_at is None else min(ends_at, now + LONGEST_FIRING)
    annotations, noted = _annotations(alert.annotations) if alert.annotations else (alert.annotations, _NOTHING)
    return Known(
        source=alert.source,
        fingerprint=hashlib.blake2b(raw, digest_size=16).hexdigest(),
        labels=labels,
        encoded=encoded,
        annotations=noted,
        generator_url=_url(alert.generator_url) if alert.generator_url else "",
        starts_at=starts_at or now,
        dated=starts_at is not None,
        ends_at=ends_at if ends_at is not None and ends_at <= now else None,
        stale_at=stale_at,
        title=_title(annotations.get("summary") or labels.get("alertname") or "alert"),
    )


def _title(text: str) -> str:
    if "  " in text or not text.isprintable():
        text = _SPACE.sub(" ", text)
    text = text.strip() or "alert"
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1] + "…"


@lru_cache(maxsize=256)
def _patience(seconds: float) -> timedelta:
    return min(timedelta(seconds=seconds), LONGEST_FIRING)


def _labels(given: dict[str, str]) -> tuple[dict[str, str], str]:
    """The labels, and as JSON."""
    encoded = _clean(given)
    if encoded is None:
        given = {_CONTROL.sub("\ufffd", name): _CONTROL.sub("\ufffd", value) for name, value in given.items()}
        encoded = _encode(given).decode()
    if "" in given.values():
        given = {name: value for name, value in given.items() if value}
        encoded = _encode(given).decode()
    if not given:
        raise Invalid("an alert needs at least one label that is not empty, alertname for example")
    if len(given) > MOST_LABELS:
        raise Invalid(f"an alert may have {MOST_LABELS} labels, this one has {len(given)}")
    if "" in given or max(map(len, given)) > LONGEST_NAME:
        raise Invalid(f"the name of a label must have 1 to {LONGEST_NAME} characters")
    return given, encoded


def _annotations(given: dict[str, str]) -> tuple[dict[str, str], str]:
    """The annotations, and as JSON."""
    if len(given) > MOST_LABELS:
        raise Invalid(f"an alert may have {MOST_LABELS} annotations, this one has {len(given)}")
    if max(map(len, given)) > LONGEST_NAME:
        raise Invalid(f"the name of an annotation must have at most {LONGEST_NAME} characters")
    encoded = _clean(given)
    if encoded is None or len(encoded) > LONGEST_ANNOTATION:
        given = {
            _CONTROL.sub("\ufffd", name): _CONTROL_IN_TEXT.sub("\ufffd", value[:LONGEST_ANNOTATION])
            for name, value in given.items()
        }
        encoded = _encode(given).decode()
    return given, encoded


def _clean(given: dict[str, str]) -> str | None:
    """As JSON, if nothing is to be mended for sure: JSON escapes what it cannot show, and nothing else is invisible."""
    try:
        encoded = _encode(given).decode()
    except UnicodeEncodeError:
        return None
    return encoded if "\\" not in encoded and encoded.isprintable() else None


def _url(given: str) -> str:
    return _CONTROL.sub("\ufffd", given) if len(given) <= LONGEST_URL else ""


def _set(moment: datetime | None) -> datetime | None:
    """None for a time that nobody set. One without a zone is UTC."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment if moment >= _FIRST else None
