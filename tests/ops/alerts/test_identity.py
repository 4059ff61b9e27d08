"""What of an alert is mended, whoever tells it."""

import json
from datetime import UTC, datetime

import pytest

from jwt_pizza.ops.alerts.identity import LONGEST_ANNOTATION, known
from jwt_pizza.ops.alerts.model import Incoming

NOW = datetime(2025, 4, 8, 15, 28, tzinfo=UTC)


@pytest.mark.parametrize("bad", ["\x00", "\n", "\x7f", "\x85", "\ud800"])
def test_what_cannot_be_shown_is_replaced(bad: str) -> None:
    found = known(Incoming(source="x", labels={f"a{bad}": f"{bad}b"}, annotations={"summary": f"c{bad}"}), NOW)
    assert found.labels == json.loads(found.encoded) == {"a\ufffd": "\ufffdb"}
    kept = "\n" if bad == "\n" else "\ufffd"
    assert json.loads(found.annotations) == {"summary": f"c{kept}"}


def test_names_that_become_alike_are_one_before_empty_labels_go() -> None:
    found = known(Incoming(source="x", labels={"alertname": "x", "\x00": "first", "\x01": ""}), NOW)
    assert found.labels == json.loads(found.encoded) == {"alertname": "x"}


def test_long_annotations_are_cut() -> None:
    found = known(Incoming(source="x", labels={"a": "b"}, annotations={"c": "d" * (LONGEST_ANNOTATION + 1)}), NOW)
    assert json.loads(found.annotations) == {"c": "d" * LONGEST_ANNOTATION}
