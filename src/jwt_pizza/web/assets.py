"""What pages load: held in memory, packed once, and addressed by content, so that browsers keep it for ever.

Pages themselves are never packed: they hold a form's token beside what a stranger may have put into the address, and
the length of a packed page would tell whether the two are alike.
"""

import gzip
import hashlib
import mimetypes
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from litestar import HttpMethod, Response, Router, route
from litestar.params import FromPath

from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.web.api import AnyRequest

STATIC: Final = Path(str(files(__package__))) / "static"
STYLE: Final = "style.css"
"""One file for every page, made of `static/style/*.css` in the order of their names."""
FOREVER: Final = "public, max-age=31536000, immutable"
_PACKED: Final = frozenset({"text/css", "text/javascript", "image/svg+xml"})
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLANKS: Final = re.compile(r"\s+")


class Asset(msgspec.Struct, frozen=True):
    """`version` is of the content; `packed` is None for what gains nothing by it."""

    body: bytes
    packed: bytes | None
    kind: str
    version: str


def asset_of(body: bytes, kind: str) -> Asset:
    packed = gzip.compress(body, 9, mtime=0) if kind in _PACKED else None
    return Asset(body, packed, kind, hashlib.sha256(body).hexdigest()[:12])


def answer(request: AnyRequest, asset: Asset) -> Response[bytes]:
    """Kept for ever where the address names this very content; a process of another version may be asked for it."""
    known = request.query_params.get("v") == asset.version
    headers = {"cache-control": FOREVER if known else "no-cache"}
    body = asset.body
    if asset.packed is not None:
        headers["vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            body = asset.packed
    return Response(body, media_type=asset.kind, headers=headers)


@cache
def load(name: str) -> Asset:
    """Raises NotFound."""
    if name == STYLE:
        sheets = sorted((STATIC / "style").glob("*.css"))
        text = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
        return asset_of(_BLANKS.sub(" ", _COMMENT.sub("", text)).strip().encode(), "text/css")
    if name not in _names():
        raise NotFound("there is no such file")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return asset_of((STATIC / name).read_bytes(), kind.replace("application/javascript", "text/javascript"))


@cache
def address(name: str) -> str:
    return f"/static/{name}?v={load(name).version}"


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in STATIC.iterdir() if path.is_file())


@route("/static/{name:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False)
def static_file(name: FromPath[str], request: AnyRequest) -> Response[bytes]:
    return answer(request, load(name))


@route("/favicon.ico", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False)
def favicon(request: AnyRequest) -> Response[bytes]:
    """For what asks without having read a page."""
    return answer(request, load("icon-180.png"))


router = Router("/", route_handlers=[static_file, favicon], include_in_schema=False)
