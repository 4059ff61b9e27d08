"""Amounts are integer satoshis inside; bitcoin (BTC) appears only on the wire and on pages."""

from decimal import Decimal
from typing import NewType

from jwt_pizza.kernel.errors import Invalid

Satoshis = NewType("Satoshis", int)

SATOSHIS_PER_BTC = 100_000_000
MOST = Satoshis(21_000_000 * SATOSHIS_PER_BTC)
"""All the bitcoin that will ever exist, so no amount can be larger."""


def from_btc(amount: Decimal, name: str = "price") -> Satoshis:
    """Exact, or `Invalid`: an amount is positive, finite, and a whole number of satoshis."""
    if not amount.is_finite():
        raise Invalid(f"{name} must be a number of bitcoin")
    if amount <= 0:
        raise Invalid(f"{name} must be more than 0")
    # Compared before scaling: 1e999999 is a valid Decimal that must not be multiplied out.
    if amount > MOST // SATOSHIS_PER_BTC:
        raise Invalid(f"{name} must be at most 21000000")
    if amount.adjusted() < -8:
        raise Invalid(f"{name} must be a whole number of satoshis (at most 8 decimals)")
    satoshis = amount * SATOSHIS_PER_BTC
    if satoshis != satoshis.to_integral_value():
        raise Invalid(f"{name} must be a whole number of satoshis (at most 8 decimals)")
    return Satoshis(int(satoshis))


def to_btc(amount: int) -> float:
    """The JSON number of an amount. Division is correctly rounded, so its shortest form has the same 8 decimals."""
    return amount / SATOSHIS_PER_BTC


def of_btc_number(amount: float) -> Satoshis:
    """What `to_btc` made a number of."""
    return Satoshis(round(amount * SATOSHIS_PER_BTC))


def btc_text(amount: int) -> str:
    """For people: `0.0038 BTC` (few fonts have a ₿), never an exponent, at least four decimals."""
    whole, part = divmod(abs(amount), SATOSHIS_PER_BTC)
    decimals = f"{part:08d}".rstrip("0").ljust(4, "0")
    return f"{'-' if amount < 0 else ''}{whole}.{decimals} BTC"
