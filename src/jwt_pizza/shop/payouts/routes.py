"""Where an operator finds the links of payouts."""

from collections.abc import Sequence

from litestar import Router, get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath

from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.payouts.model import PayoutLine
from jwt_pizza.shop.payouts.service import Paymaster
from jwt_pizza.web.api import BEARER


@get("/api/ops/amends/{incident:str}/payouts", security=BEARER, summary="Refunds through the payment gateway")
async def payouts(incident: FromPath[str], caller: Given[Caller], paymaster: Given[Paymaster]) -> Sequence[PayoutLine]:
    return await paymaster.of_incident(caller, incident)


router = Router("/", route_handlers=[payouts], tags=["amends"])
