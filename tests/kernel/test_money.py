import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.money import MOST, SATOSHIS_PER_BTC, btc_text, from_btc, to_btc


@given(some.integers(1, MOST))
def test_every_amount_is_exact_both_ways_through_json(satoshis: int) -> None:
    wire = json.dumps(to_btc(satoshis))
    assert from_btc(Decimal(wire)) == satoshis


@pytest.mark.parametrize(
    "amount",
    [
        "0",
        "-0",
        "-1",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "1e-9",
        "0.123456789",
        "21000001",
        "1e999999",
        "1e-999999",
    ],
)
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(Invalid, match="price"):
        from_btc(Decimal(amount))


@given(some.decimals(allow_nan=True, allow_infinity=True))
def test_any_decimal_is_an_amount_or_refused(amount: Decimal) -> None:
    try:
        satoshis = from_btc(amount)
    except Invalid:
        return
    assert Decimal(satoshis) == amount * SATOSHIS_PER_BTC
    assert 0 < satoshis <= MOST


@pytest.mark.parametrize(
    ("satoshis", "text"),
    [
        (380_000, "0.0038 BTC"),
        (1, "0.00000001 BTC"),
        (0, "0.0000 BTC"),
        (SATOSHIS_PER_BTC, "1.0000 BTC"),
        (-380_000, "-0.0038 BTC"),
        (123_456_789, "1.23456789 BTC"),
    ],
)
def test_amounts_read_well(satoshis: int, text: str) -> None:
    assert btc_text(satoshis) == text
