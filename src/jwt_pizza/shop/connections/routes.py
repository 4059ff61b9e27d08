"""Connections over HTTP, for administrators and engineers."""

from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.connections.model import LeakView, Overview, Recalled
from jwt_pizza.shop.connections.service import ConnectionDesk, Leak, Recall
from jwt_pizza.web.api import BEARER, AnyRequest, Message, client_address


class LeakRequest(Wire, frozen=True):
    """`probability` that an order leaks a connection; after `seconds` it ends by itself."""

    probability: float = 0.5
    seconds: float = 60.0


@get("/api/ops/connections", security=BEARER, summary="Who holds which database connection, since when, from where")
async def connections(caller: Given[Caller], connection_desk: Given[ConnectionDesk]) -> Overview:
    return await connection_desk.show(caller)


@post(
    "/api/ops/connections/recall", status_code=200, security=BEARER, summary="Take leaked database connections back now"
)
async def recall_connections(caller: Given[Caller], recall: Given[Recall]) -> Recalled:
    return await recall.recall(caller)


@get("/api/ops/chaos/leak", security=BEARER, summary="Is the attack leak under way?")
async def leak_status(caller: Given[Caller], leak: Given[Leak]) -> LeakView:
    return await leak.status(caller)


@put("/api/ops/chaos/leak", security=BEARER, summary="Let orders forget to return database connections")
async def start_leak(data: JSONBody[LeakRequest], caller: Given[Caller], leak: Given[Leak]) -> LeakView:
    return await leak.start(caller, probability=data.probability, seconds=data.seconds)


@delete("/api/ops/chaos/leak", status_code=200, security=BEARER, summary="End the attack leak")
async def stop_leak(caller: Given[Caller], leak: Given[Leak]) -> LeakView:
    return await leak.stop(caller)


@get("/api/ops/chaos/leak/report/{fix_code:str}", summary="End the attack leak by its code")
async def fix_leak(fix_code: FromPath[str], request: AnyRequest, leak: Given[Leak]) -> Message:
    await leak.fix(fix_code, client_address(request))
    return Message("Problem resolved. Connections are returned again!")


router = Router(
    "/",
    route_handlers=[connections, recall_connections, leak_status, start_leak, stop_leak, fix_leak],
    tags=["operations"],
)
