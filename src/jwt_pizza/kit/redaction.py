"""The last guard before the log: what looks like a secret is taken out of messages that somebody else has written.

Nothing of ours writes secrets. But the message of an exception may quote what was sent, and a library may log a URL.
"""

import re
from typing import Final

_NAMES: Final = (
    r"pass(?:word|wd|phrase)?|secret|api[-_]?key|fix[-_]?code|reply[-_]?code|one[-_]?time[-_]?code|token|jwt|"
    r"authorization|cookie|session|signature"
)
_SECRETS: Final = re.compile(
    # A JWT, or the part of one that was cut off.
    r"(?P<jwt>\beyJ[\w-]{8,}(?:\.[\w-]*){0,2})"
    r"|(?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]{4,}"
    # A report link: /support/KEY/report/CODE
    r"|(?P<report>/support/)[^/\s\"']+/report/[^/\s\"'?]+"
    # User and password in a URL.
    r"|(?P<url>\b[a-z][a-z0-9+.-]*://)[^/\s\"'@]+@"
    # name=…, "name": "…", \"name\": \"…\"
    rf"|(?P<name>\b(?:{_NAMES})\\*[\"']?\s*[:=]\s*\\*[\"']?(?:(?:bearer|basic)\s+)?)[^\s\"'\\&,;)}}]{{2,}}",
    re.IGNORECASE,
)
REDACTED: Final = "[redacted]"


def redacted(text: str) -> str:
    return _SECRETS.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    kept = found["scheme"] or found["report"] or found["url"] or found["name"] or ""
    return kept + REDACTED + ("@" if found["url"] else "")
