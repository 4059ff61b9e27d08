"""SQL lives in `queries.sql` beside its store: each query has a name and a sentence about it.

-- name: find
-- The account with this address, if it was not deleted.
SELECT …
"""

import re
from importlib.resources import files
from typing import Final

_QUERY: Final = re.compile(
    r"^-- name: (?P<name>\w+)\n(?P<about>(?:-- [^\n]*\n)+)(?P<sql>.*?)(?=^-- name: |\Z)", re.M | re.S
)


class Queries:
    """The queries of one package: `queries["find"]`."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._text = {match["name"]: match["sql"].strip().rstrip(";") for match in _QUERY.finditer(self._read())}

    def __getitem__(self, name: str) -> str:
        return self._text[name]

    def names(self) -> list[str]:
        return list(self._text)

    def _read(self) -> str:
        return (files(self.package) / "queries.sql").read_text(encoding="utf-8")
