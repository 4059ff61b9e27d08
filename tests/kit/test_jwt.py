"""Tokens: what is signed here is what joserfc signs, and nothing else passes."""

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from jwt_pizza.kit.jwt import BadToken, EllipticKey, Header, SharedSecret, read_header

KEY = EllipticKey.generate()
TOKEN = KEY.sign(b'{"pizza":1}')
HEAD, PAYLOAD, SIGNATURE = TOKEN.split(".")


def test_others_can_read_what_is_signed() -> None:
    public = ECKey.import_key(KEY.public())
    assert jws.deserialize_compact(TOKEN, public, algorithms=["ES256"]).payload == b'{"pizza":1}'
    assert read_header(TOKEN) == Header(alg="ES256", kid=KEY.kid)
    assert EllipticKey.load(KEY.public()).check(TOKEN) == b'{"pizza":1}'


def test_a_header_in_another_order_is_read_too() -> None:
    private = ECKey.import_key(KEY.private())
    foreign = jws.serialize_compact({"typ": "JWT", "kid": KEY.kid, "alg": "ES256"}, b"x", private)
    assert not foreign.startswith(HEAD)
    assert KEY.check(foreign) == b"x"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param(".", id="dot"),
        pytest.param(HEAD, id="head"),
        pytest.param(f"{HEAD}.{PAYLOAD}", id="unsigned"),
        pytest.param(f"{HEAD}.{PAYLOAD}.", id="empty-signature"),
        pytest.param(f"{HEAD}..{SIGNATURE}", id="no-payload"),
        pytest.param(f"{HEAD}.{PAYLOAD}AAAA.{SIGNATURE}", id="longer-payload"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{SIGNATURE}.", id="four-parts"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{SIGNATURE}.{SIGNATURE}", id="two-signatures"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{SIGNATURE}=", id="padded"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{SIGNATURE}\n", id="line-end"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{SIGNATURE[:-1]}", id="cut-off"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{'A' * 86}", id="zeros"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{'é' * 86}", id="not-ascii-signature"),
        pytest.param(f"é.{PAYLOAD}.{SIGNATURE}", id="not-ascii-head"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{SIGNATURE}".swapcase(), id="swapped-case"),
        pytest.param(EllipticKey.generate().sign(b'{"pizza":1}'), id="another-key"),
        pytest.param(SharedSecret(b"secret" * 8).sign(b"x"), id="secret"),
        pytest.param(f"{HEAD}.{'A' * 200_000}.{SIGNATURE}", id="too-long"),
    ],
)
def test_nothing_else_passes(token: str) -> None:
    with pytest.raises(BadToken):
        KEY.check(token)


def test_a_signature_has_one_spelling() -> None:
    """The last character has unused bits."""
    spelled = [
        f"{HEAD}.{PAYLOAD}.{SIGNATURE[:-1]}{last}"
        for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    ]
    passed = []
    for token in spelled:
        try:
            KEY.check(token)
        except BadToken:
            continue
        passed.append(token)
    assert passed == [TOKEN]


@pytest.mark.parametrize(
    "jwk", [{}, {"kty": "EC"}, {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}, {"kty": "oct"}]
)
def test_what_is_no_key_is_not_loaded(jwk: dict[str, str]) -> None:
    with pytest.raises(BadToken):
        EllipticKey.load(jwk)


def test_a_key_of_another_curve_is_not_loaded() -> None:
    with pytest.raises(BadToken):
        EllipticKey.load(ECKey.generate_key("P-384").as_dict(private=False))
