"""Whether a callback comes from Twilio: X-Twilio-Signature over the public address and the form, by HMAC-SHA1."""

import base64
import hashlib
import hmac
from collections.abc import Sequence


def signature(token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """`url` as Twilio called it, its query included."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_genuine(token: str | None, url: str, fields: Sequence[tuple[str, str]], given: str) -> bool:
    """Without a token nothing is believed."""
    if not token:
        return False
    return hmac.compare_digest(signature(token, url, fields).encode(), given.encode("utf-8", "replace"))
