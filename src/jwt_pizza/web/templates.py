"""Pages are Jinja templates in `templates/<noun>/`; what they load is in `static/`, nothing comes from elsewhere."""

from datetime import UTC, date, datetime
from email.utils import format_datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.money import btc_text, of_btc_number
from jwt_pizza.web import assets

_HERE: Final = Path(str(files(__package__)))


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
    environment.filters["bitcoin"] = lambda amount: environment.filters["btc"](of_btc_number(amount))
    environment.filters["iso"] = iso
    environment.filters["when"] = _when
    environment.filters["instant"] = datetime.fromisoformat
    environment.filters["clock"] = _clock
    environment.filters["day"] = _day
    environment.filters["of"] = _of
    environment.filters["rfc822"] = format_datetime
    environment.globals["asset"] = assets.address
    environment.globals["version"] = version
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))


def _when(moment: datetime) -> str:
    """`5 June 2024, 05:14 UTC`"""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _of(count: int, noun: str) -> str:
    """`1 order`, `2 orders`"""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _day(moment: date) -> str:
    """`5 June 2024`"""
    return f"{moment.day} {moment:%B %Y}"


def _clock(moment: datetime) -> str:
    """`05:14:40`"""
    return f"{moment.astimezone(UTC):%H:%M:%S}"
