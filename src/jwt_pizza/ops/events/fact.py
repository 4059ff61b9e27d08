"""What every fact is."""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """The base of all that can be in the log."""
