"""What Apprise knows of addresses."""

import asyncio
import logging
from typing import Final
from urllib.parse import urlsplit

from apprise import Apprise

_ON_THIS_MACHINE: Final = frozenset({"dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "syslog"})
"""What would show a page on the server's own desktop, or write it into its log."""

# It logs the URLs that it does not understand, and those hold secrets.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


async def understands(url: str) -> bool:
    """Whether Apprise can send there. Nothing is sent, nor looked up."""
    try:
        scheme = urlsplit(url).scheme.lower()
    except ValueError:
        return False
    # In a thread: the first time it imports more than a hundred plugins.
    return scheme not in _ON_THIS_MACHINE and await asyncio.to_thread(_instantiates, url)


def _instantiates(url: str) -> bool:
    return Apprise.instantiate(url, suppress_exceptions=True) is not None
