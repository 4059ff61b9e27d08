"""Who looks at a page on which on-call is set up, and how it is drawn: all of them say what was refused, keep what was
typed, and show managers more."""

import msgspec
from litestar.di import NamedDependency as Given
from litestar.response import Template

from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.ops.console.fields import Form
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.site import Site, read_form, sentence


class Visit(msgspec.Struct, frozen=True):
    """`person`: who is logged in."""

    request: AnyRequest
    site: Site
    person: Person

    async def form(self) -> Form:
        return await read_form(self.request)

    def draw(
        self, template: str, tab: str, *, refusal: Refusal | None = None, form: Form | None = None, **context: object
    ) -> Template:
        """`form`: what was typed and refused."""
        return self.site.draw(
            self.request,
            f"setup/{template}.html",
            status=refusal.status if refusal else 200,
            for_anyone=False,
            cookies=(),
            problem=sentence(refusal.message) if refusal else "",
            typed=form or {},
            manages=self.person.manages,
            place="on-call",
            tab=tab,
            **context,
        )


async def visit_of(request: AnyRequest, site: Given[Site], person: Given[Person]) -> Visit:
    return Visit(request, site, person)
