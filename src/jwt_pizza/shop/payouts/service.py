"""Make the payouts that are due."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Forbidden, Refusal, Unavailable
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.payouts.model import PaymentGateway, Payout, PayoutLine, Payouts, Receipt

_AT_A_TIME: Final = 64
"""For each such bundle the gateway is asked once what it has made before."""
_LINES: Final = 8
_SETTLING: Final = 60.0
"""Seconds within which a gateway carries out a call that we gave up on, or drops it: before that nobody looks again."""
_WORKING: Final = 60.0
"""Seconds of a claim in which payouts are begun."""
_FIRST_RETRY: Final = 15.0
_TRIES: Final = 8


class Paymaster:
    """Makes each payout once, whoever dies meanwhile: a payout is claimed for long enough that a call which was begun
    under the claim has had its effect when the claim ends, and whoever claims it next asks for its name first."""

    def __init__(self, payouts: Payouts, gateway: PaymentGateway, clock: Clock) -> None:
        self._payouts = payouts
        self._gateway = gateway
        self._clock = clock

    async def step(self) -> int:
        """How many were made."""
        if not self._gateway.pays_out:
            return 0
        total = 0
        while True:
            now = self._clock.now()
            begin_until = self._clock.monotonic() + _WORKING
            until = now + timedelta(seconds=_WORKING + _SETTLING)
            payouts = await self._payouts.claim(now, until, take=_AT_A_TIME)
            if not payouts:
                return total
            total += await self._settle(payouts, begin_until)

    async def of_incident(self, caller: Caller, incident: str) -> Sequence[PayoutLine]:
        """For administrators: a link is money."""
        if not caller.user.is_admin:
            raise Forbidden("payouts are shown to administrators: whoever has a link can claim its money")
        return await self._payouts.of_incident(incident)

    async def _settle(self, payouts: Sequence[Payout], begin_until: float) -> int:
        try:
            before = await self._gateway.made(payouts)
        except Refusal as refusal:
            for payout in payouts:
                await self._failed(payout, refusal, 0)
            return 0
        lines = asyncio.Semaphore(_LINES)

        async def settle(payout: Payout) -> bool:
            async with lines:
                return await self._pay(payout, before.get(payout.name), begin_until)

        results = await asyncio.gather(*(settle(payout) for payout in payouts), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                # Said once the others are through: what was made is to be recorded.
                raise result
        return sum(result is True for result in results)

    async def _pay(self, payout: Payout, before: Receipt | Unavailable | None, begin_until: float) -> bool:
        if before is None and self._clock.monotonic() >= begin_until:
            # Too late to begin: it is whoever's next once the claim ends.
            return False
        try:
            receipt = before or await self._gateway.make(payout)
            if isinstance(receipt, Unavailable):
                raise receipt
            if receipt.amount != payout.amount:
                raise Conflict(f"the gateway has {payout.name!r} with another amount")
        except Refusal as refusal:
            await self._failed(payout, refusal, _SETTLING)
            return False
        await self._payouts.sent(payout.order_id, receipt, self._clock.now())
        return True

    async def _failed(self, payout: Payout, refusal: Refusal, at_least: float) -> None:
        if isinstance(refusal, Unavailable) and payout.attempts < _TRIES:
            pause = timedelta(seconds=max(at_least, _FIRST_RETRY * 2 ** (payout.attempts - 1)))
            await self._payouts.postpone(payout.order_id, self._clock.now() + pause, refusal.message)
        else:
            await self._payouts.give_up(payout.order_id, refusal.message)
