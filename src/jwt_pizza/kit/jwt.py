"""Signing and checking, with joserfc. P-256 (ES256) for what others verify, HMAC (HS256) for what only we read."""

import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey
from joserfc.jws import JWSRegistry
from joserfc.util import json_b64encode, urlsafe_b64decode, urlsafe_b64encode

ES256: Final = "ES256"
HS256: Final = "HS256"
# Made once: without a registry joserfc makes one for each token.
_ONLY: Final = {name: JWSRegistry(algorithms=[name]) for name in (ES256, HS256)}
LONGEST: Final = 100_000
"""Characters. A longer token is not looked at; the largest pizza that the factory bakes is a little shorter."""


class BadToken(ValueError):
    """Not a token of ours: malformed, another algorithm, another key, or tampered with."""


class Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None


def read_header(token: str) -> Header:
    """What the token claims of itself, unchecked."""
    if len(token) > LONGEST or token.count(".") != 2:
        raise BadToken("not a JWT")
    return _header(token.partition(".")[0])


@lru_cache(maxsize=256)
def _header(segment: str) -> Header:
    # All tokens of a key begin with the same header.
    try:
        return msgspec.convert(jws.extract_compact(f"{segment}..".encode("ascii")).headers(), Header)
    except (JoseError, ValueError, msgspec.ValidationError, RecursionError) as error:
        raise BadToken("not a JWT") from error


class EllipticKey:
    """A P-256 key, private or public."""

    def __init__(self, key: ECKey) -> None:
        key.ensure_kid()
        self.kid = str(key.kid)
        self._key = key
        # Every token of a key begins alike. joserfc would write and read that again each time, which takes as long as
        # the signature; only the signature itself is made and checked here, by joserfc's own algorithm.
        self._header = json_b64encode({"alg": ES256, "kid": self.kid, "typ": "JWT"})
        self._algorithm = _ONLY[ES256].get_alg(ES256)
        self._algorithm.check_key(key)

    @classmethod
    def generate(cls) -> "EllipticKey":
        # The time is not in the kid: a name says nothing about when it changes.
        return cls(ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig", "alg": ES256}))

    @classmethod
    def load(cls, jwk: Mapping[str, Any]) -> "EllipticKey":
        """Raises BadToken for what is no such key: a JWK may come from anywhere."""
        try:
            return cls(ECKey.import_key(dict(jwk)))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise BadToken("not a P-256 key") from error

    def private(self) -> dict[str, Any]:
        return dict(self._key.as_dict(private=True))

    def public(self) -> dict[str, Any]:
        return dict(self._key.as_dict(private=False))

    def sign(self, payload: bytes) -> str:
        signed = b"%b.%b" % (self._header, urlsafe_b64encode(payload))
        signature = urlsafe_b64encode(self._algorithm.sign(signed, self._key))
        return (signed + b"." + signature).decode("ascii")

    def check(self, token: str) -> bytes:
        """The payload, or BadToken."""
        header, _, rest = token.partition(".")
        payload, _, signature = rest.partition(".")
        if header.encode() != self._header or len(token) > LONGEST:
            # Written by somebody else, or not at all.
            return _check(token, self._key, ES256)
        try:
            signed = token[: -len(signature) - 1].encode("ascii")
            if self._algorithm.verify(signed, urlsafe_b64decode(signature.encode("ascii")), self._key):
                return urlsafe_b64decode(payload.encode("ascii"))
        except ValueError as error:
            raise BadToken("not a JWT") from error
        raise BadToken("the signature is not this key's")


class SharedSecret:
    """An HMAC key that only this system's processes know."""

    def __init__(self, secret: bytes) -> None:
        self._key = OctKey.import_key(secret)
        self._header = {"alg": HS256, "typ": "JWT"}

    def sign(self, payload: bytes) -> str:
        return jws.serialize_compact(self._header, payload, self._key, registry=_ONLY[HS256])

    def check(self, token: str) -> bytes:
        """The payload, or BadToken."""
        return _check(token, self._key, HS256)


def _check(token: str, key: ECKey | OctKey, algorithm: str) -> bytes:
    if len(token) > LONGEST:
        raise BadToken("too long")
    try:
        found = jws.deserialize_compact(token.encode("ascii"), key, registry=_ONLY[algorithm])
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadToken(str(error)) from error
    payload = found.payload
    if not isinstance(payload, bytes):
        raise BadToken("no payload")
    return payload
