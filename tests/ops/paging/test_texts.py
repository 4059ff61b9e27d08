"""The words of texts."""

import pytest

from jwt_pizza.ops.paging.texts import shortened


@pytest.mark.parametrize(
    ("text", "most", "left"),
    [
        ("12 of 12 orders failed", 30, "12 of 12 orders failed"),
        ("1 answer leads to a report of a problem", 36, "1 answer leads to a report of a.."),
        ("1 answer leads to a report of a problem", 12, "1 answer.."),
        ("HostOutOfMemoryInTheLargestOfAllClusters", 20, "HostOutOfMemoryInT.."),
        ("a HostOutOfMemoryInTheLargestOfAllClusters", 24, "a HostOutOfMemoryInThe.."),
    ],
)
def test_what_is_too_long_ends_with_a_word_if_there_is_one_nearby(text: str, most: int, left: str) -> None:
    assert shortened(text, most) == left
    assert len(left) <= most
