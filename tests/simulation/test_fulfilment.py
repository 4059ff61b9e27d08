"""The promises of the saga under every fault, 20,000 times."""

import pytest

from tests.simulation.fulfilment import simulate

SEEDS = 20_000
SHARES = 8


@pytest.mark.parametrize("share", range(SHARES))
def test_promises_hold_whatever_fails(share: int) -> None:
    """Errors, delays, duplicates, lost replies, crashes and restarts at every await of the saga."""
    for seed in range(share, SEEDS, SHARES):
        try:
            simulate(seed)
        except AssertionError as broken:
            pytest.fail(f"{broken}\nreplay it: .venv/bin/python -m tests.simulation.fulfilment {seed}", pytrace=False)
