"""Pages are Jinja templates in `templates/<noun>/`; what they load is in `static/`, nothing comes from elsewhere."""

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.money import btc_text

_HERE: Final = Path(str(files(__package__)))
STATIC: Final = _HERE / "static"
_DRAWN: Final = frozenset(path.stem for path in STATIC.glob("pizza*.svg"))
_FOREVER: Final = CacheControlHeader(public=True, max_age=31_536_000, immutable=True)


def engine(version: str) -> TemplateConfig[JinjaTemplateEngine]:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["btc"] = lambda amount: btc_text(amount).replace(" ", "\N{NO-BREAK SPACE}")
    environment.filters["iso"] = iso
    environment.filters["when"] = _when
    environment.filters["clock"] = _clock
    environment.filters["rfc822"] = format_datetime
    environment.globals["asset"] = asset
    environment.globals["picture"] = picture
    environment.globals["version"] = version
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))


@cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its content, so that browsers may keep it forever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@cache
def picture(image: str) -> str:
    """The address of a drawing for a menu item's `image`: `pizza2.png` has one of its own, others share one."""
    name = Path(image).stem
    return asset(f"{name}.svg" if name in _DRAWN else "pizza.svg")


def static_files() -> Router:
    return create_static_files_router(
        path="/static", directories=[STATIC], include_in_schema=False, cache_control=_FOREVER
    )


def _when(moment: datetime) -> str:
    """`5 June 2024, 05:14 UTC`"""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _clock(moment: datetime) -> str:
    """`05:14:40`"""
    return f"{moment.astimezone(UTC):%H:%M:%S}"
