"""The overview, for people and programs."""

from litestar import MediaType, Router, get
from litestar.di import NamedDependency as Given
from litestar.response import Template

from jwt_pizza.ops.status.model import Overview
from jwt_pizza.ops.status.service import Lookout
from jwt_pizza.web.api import AnyRequest
from jwt_pizza.web.errors import wants_html


@get("/", summary="Is each part of the system up?")
async def overview(request: AnyRequest, lookout: Given[Lookout], version: Given[str]) -> Template | Overview:
    components = await lookout.look()
    if wants_html(request):
        # Said here, because of the two things that this may return only one is a page.
        return Template("status/overview.html", context={"components": components}, media_type=MediaType.HTML)
    return Overview(message="JWT Pizza ops", version=version, components=components)


router = Router("/", route_handlers=[overview], tags=["status"])
