"""What was sent about a group; test pages."""

from collections.abc import Sequence

from litestar import Router, get, post
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from jwt_pizza.kernel.wire import Id, Wire
from jwt_pizza.ops.paging.desk import PageDesk
from jwt_pizza.ops.paging.model import Notified
from jwt_pizza.ops.people.model import Person
from jwt_pizza.web.api import BEARER, PathId


class TestPage(Wire, frozen=True, forbid_unknown_fields=True):
    """Without a person: to oneself."""

    person_id: Id | None = None


class TestPaged(Wire, frozen=True):
    contacts: int


@get("/api/groups/{group_id:int}/notifications", security=BEARER, summary="What was sent about an alert group")
async def notifications(
    group_id: PathId,
    person: Given[Person],  # noqa: ARG001
    page_desk: Given[PageDesk],
) -> Sequence[Notified]:
    return await page_desk.of_group(group_id)


@post("/api/oncall/test-page", security=BEARER, summary="Send a test page", status_code=200)
async def test_page(data: JSONBody[TestPage], person: Given[Person], page_desk: Given[PageDesk]) -> TestPaged:
    return TestPaged(contacts=await page_desk.test(person, data.person_id or person.id))


router = Router("/", route_handlers=[notifications, test_page], tags=["paging"])
