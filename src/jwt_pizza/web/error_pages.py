"""What a browser shows when a page cannot be had."""

from collections.abc import Callable
from typing import Final

from litestar import MediaType, Response
from litestar.plugins.jinja import JinjaTemplateEngine

from jwt_pizza.web.errors import AnyRequest
from jwt_pizza.web.site import local_path, sentence, with_next

Aside = Callable[[str, str, int], str]
"""(method, path, status) → what the visitor may worry about now, answered; or nothing."""

_TITLES: Final = {
    400: "That did not work",
    403: "That is not allowed",
    404: "There is nothing here",
    405: "That does not work here",
    409: "Something else came first",
    413: "That is too much at once",
    429: "A moment, please",
    500: "Something broke on our side",
    503: "We are too busy right now",
}
_TEXTS: Final = {
    404: "The address is wrong, what it stood for is gone, or it is not yours to see.",
    500: "It is not your fault, and we have been told. Please try again in a moment.",
}


class ErrorPages:
    def __init__(self, engine: JinjaTemplateEngine, *, layout: str, login: str | None, aside: Aside) -> None:
        """`layout` is the template around the text; `login` the page to send those to who must log in."""
        self._template = engine.get_template("errors/refused.html")
        self._layout = layout
        self._login = login
        self._aside = aside

    def __call__(self, request: AnyRequest, status: int, message: str) -> Response[bytes]:
        path = request.url.path
        if status == 401 and self._login is not None:
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            target = with_next(self._login, local_path(wanted, "/")) if request.method == "GET" else self._login
            return Response(b"", status_code=303, headers={"location": target, "cache-control": "no-store"})
        body = self.draw(request.method, path, status, message)
        return Response(body, status_code=status, media_type=MediaType.HTML, headers={"cache-control": "no-store"})

    def draw(self, method: str, path: str, status: int, message: str) -> bytes:
        page = self._template.render(
            layout=self._layout,
            status=status,
            heading=_TITLES.get(status, "That did not work"),
            text=_TEXTS.get(status) or sentence(message),
            aside=self._aside(method, path, status),
            viewer=None,  # not known: finding out could fail as well
            form_token="",
        )
        return page.encode()
