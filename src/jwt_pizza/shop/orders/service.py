"""Place an order, look back at orders."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Forbidden, Invalid, NotFound, Refusal, Unavailable
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.audit.model import Entry, Verb
from jwt_pizza.shop.orders.model import (
    Answer,
    Basket,
    Catalogue,
    ChaosMonkey,
    History,
    KeyReused,
    Line,
    Order,
    OrderPage,
    Orders,
    Outcome,
    Placement,
    PriceChanged,
    Quote,
    Resolution,
    Status,
    UnderWay,
    failed,
    harmless,
    taken_off,
    ticket,
    with_pizza,
)
from jwt_pizza.shop.orders.tally import Tally, Uncounted
from jwt_pizza.shop.ovens.model import Policy
from jwt_pizza.shop.ovens.service import Kitchen

PAGE = 10
HOLD = timedelta(seconds=60)
MARGIN = timedelta(seconds=5)
"""Beyond the ovens' deadline, after which a process that has not resolved its order is taken to be dead."""
_TRIES = 4


class Trace(Protocol):
    def __call__(self) -> str:
        """The id of the request that is being served."""
        ...


class OrderDesk:
    """Places orders under the kitchen's policy.

    in-house: the pizza is signed first, then hold, capture, order and pizza are one commit.
    factory: hold and order are committed, the ovens are asked, and the hold is captured or voided.
    factory-only: charged first, as it was before the incident; what is not delivered stays charged.

    Nothing is read from the database before the first commit. Prices, stores and the diner are taken as last seen, and
    the commit itself refuses what is no longer so; then everything is read anew and the order made again.
    """

    def __init__(
        self,
        orders: Orders,
        kitchen: Kitchen,
        clock: Clock,
        dice: Callable[[], float],
        trace: Trace = lambda: "",
        hold: timedelta = HOLD,
        tally: Tally = Uncounted(),  # noqa: B008 - has no state
    ) -> None:
        """`dice` gives numbers in [0, 1) for the chaos monkey; `hold` is how long one stands before it is voided."""
        self._orders = orders
        self._kitchen = kitchen
        self._clock = clock
        self._dice = dice
        self._trace = trace
        self._hold = hold
        self._tally = tally

    @property
    def policy(self) -> Policy:
        return self._kitchen.policy

    async def quote(self, caller: Caller | None, store_id: int, menu_ids: tuple[int, ...]) -> Quote:
        catalogue = await self._orders.catalogue()
        # An unknown store has no franchise, and `price` refuses it.
        basket = Basket(catalogue.stores.get(store_id, 0), store_id, menu_ids)
        lines = catalogue.price(basket)
        discount = Satoshis(0) if caller is None else taken_off(lines, caller, self._clock.now().date())
        return Quote(basket, lines, discount)

    async def place(
        self,
        caller: Caller,
        basket: Basket,
        key: str | None,
        renew: Callable[[], Awaitable[Caller]],
        *,
        agreed: Satoshis | None = None,
    ) -> Answer:
        """`caller` may be as last seen; `renew` looks anew and raises Unauthorized when the session has ended.

        `agreed` is what the diner has seen to be due: PriceChanged when it is another amount now.
        """
        began = self._clock.monotonic()
        try:
            answer = await self._place(caller, basket, key, renew, agreed)
        except Exception as error:
            # A refusal below 500 is what the diner asked for.
            if not isinstance(error, Refusal) or error.status >= 500:
                seconds = self._clock.monotonic() - began
                self._tally.failed("failed", "", _reason(error), seconds=seconds)
            raise
        if not answer.replayed:
            self._count(answer, self._clock.monotonic() - began)
        return answer

    async def _place(
        self,
        caller: Caller,
        basket: Basket,
        key: str | None,
        renew: Callable[[], Awaitable[Caller]],
        agreed: Satoshis | None,
    ) -> Answer:
        if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
            raise Invalid("Idempotency-Key must have 1 to 255 printable ASCII characters")
        fingerprint = basket.fingerprint() if key is not None else None
        order_id = await self._orders.next_id()
        for attempt in range(_TRIES):
            if attempt:
                caller = await renew()
            try:
                catalogue, lines = await self._priced(basket, renew=attempt > 0)
            except Refusal:
                # What cannot be sold now may have been before, and a retry asks for the answer of then.
                earlier = await self._again(await renew(), key, fingerprint) if key is not None else None
                if earlier is None:
                    raise
                return earlier
            order = await self._drafted(order_id, caller, basket, lines)
            if agreed is not None and order.due != agreed:
                raise PriceChanged
            outcome = await self._orders.place(self._placement(order, caller, catalogue, key, fingerprint))
            if outcome is Outcome.PLACED:
                return Answer(order) if order.jwt is not None else await self._fulfil(order, caller)
            if outcome is Outcome.TAKEN and key is not None:
                earlier = await self._again(caller, key, fingerprint)
                if earlier is None:
                    raise UnderWay
                return earlier
        raise Unavailable("the menu is changing too fast right now, please try again")

    async def placed(self, caller: Caller, key: str) -> Order | None:
        """What the key has placed."""
        found = await self._orders.by_key(caller.user.id, key)
        return found[1] if found else None

    async def latest(self, caller: Caller, *, page: int) -> OrderPage:
        """Newest first; pages count from 1."""
        orders = await self._orders.history(caller.user.id, skip=(page - 1) * PAGE, take=PAGE + 1, newest_first=True)
        return OrderPage(orders=orders[:PAGE], more=len(orders) > PAGE)

    async def history(self, caller: Caller, *, page: int, newest_first: bool = False) -> History:
        """Pages count from 1."""
        orders = await self._orders.history(
            caller.user.id, skip=(page - 1) * PAGE, take=PAGE, newest_first=newest_first
        )
        return History(diner_id=caller.user.id, orders=[with_pizza(order) for order in orders], page=page)

    async def get(self, caller: Caller, order_id: int) -> Order:
        """NotFound also for somebody else's order."""
        order = await self._orders.get(order_id)
        if order is None or order.diner_id != caller.user.id:
            raise NotFound("unknown order")
        return order

    async def set_chaos(self, caller: Caller, on: bool) -> None:
        if not caller.user.is_admin:
            raise Forbidden("unable to start chaos")
        verb: Verb = "started" if on else "ended"
        await self._orders.set_chaos(on, Entry(caller.user.id, self._clock.now(), verb, "the chaos monkey"))

    async def reap(self) -> int:
        """Voids what was left behind, by a process that died for example; how many orders."""
        expired = await self._orders.reap(self._clock.now())
        self._tally.expired(expired)
        return expired

    def _count(self, answer: Answer, seconds: float) -> None:
        order = answer.order
        if order.status == "fulfilled":
            self._tally.order(order.status, answer.oven, pizzas=len(order.lines), satoshis=order.total, seconds=seconds)
        else:
            evidence = harmless(failed(answer.report_url))
            self._tally.failed(
                order.status, answer.oven, answer.reason, seconds=seconds, order_id=order.id, answer=evidence
            )

    async def _priced(self, basket: Basket, *, renew: bool) -> tuple[Catalogue, Sequence[Line]]:
        catalogue = None if renew else self._orders.last_catalogue()
        if catalogue is not None and not catalogue.chaos:
            try:
                return catalogue, catalogue.price(basket)
            except (Invalid, NotFound):
                # Perhaps it was opened or added a moment ago.
                pass
        catalogue = await self._orders.catalogue()
        lines = catalogue.price(basket)
        if catalogue.chaos and self._dice() < 0.5:
            raise ChaosMonkey
        return catalogue, lines

    async def _drafted(self, order_id: int, caller: Caller, basket: Basket, lines: Sequence[Line]) -> Order:
        first: dict[Policy, Status] = {"in-house": "fulfilled", "factory": "held", "factory-only": "charged"}
        now = self._clock.now()
        order = Order(
            id=order_id,
            diner_id=caller.user.id,
            franchise_id=basket.franchise_id,
            store_id=basket.store_id,
            status=first[self.policy],
            placed_at=now,
            lines=tuple(lines),
            jwt=None,
            discount=taken_off(lines, caller, now.date()) if caller.voucher else Satoshis(0),
        )
        if self.policy != "in-house":
            return order
        return msgspec.structs.replace(order, jwt=await self._kitchen.sign(ticket(order, caller)))

    def _placement(
        self, order: Order, caller: Caller, catalogue: Catalogue, key: str | None, fingerprint: bytes | None
    ) -> Placement:
        held = order.status == "held"
        return Placement(
            order=order,
            session_id=caller.session_id,
            user_version=caller.version,
            catalogue_version=catalogue.version,
            key=key,
            fingerprint=fingerprint,
            expires_at=order.placed_at + self._hold if held else None,
            baking_until=order.placed_at + self._at_work if held else None,
            voucher_id=caller.voucher.id if order.discount and caller.voucher else None,
        )

    @property
    def _at_work(self) -> timedelta:
        return timedelta(seconds=self._kitchen.tuning.deadline) + MARGIN

    async def _fulfil(self, order: Order, caller: Caller) -> Answer:
        """Between the hold and its end: no transaction is open while the ovens bake."""
        baked = await self._kitchen.bake(ticket(order, caller))
        resolution = Resolution(
            order_id=order.id, jwt=baked.jwt, at=self._clock.now(), attempts=baked.attempts, trace=self._trace()
        )
        # The books decide: the hold may have expired meanwhile, or another process may have taken this one for dead.
        end = await self._orders.resolve(resolution)
        last = baked.attempts[-1]
        return Answer(
            msgspec.structs.replace(order, status=end.status, jwt=end.jwt),
            report_url=baked.report_url,
            oven=last.oven,
            reason=last.reason,
        )

    async def _again(self, caller: Caller, key: str, fingerprint: bytes | None) -> Answer | None:
        """The answer of the request that used the key first, if any did; finished here if its process died over it."""
        found = await self._orders.by_key(caller.user.id, key)
        if found is None:
            return None
        first, order = found
        if first != fingerprint:
            raise KeyReused
        if order.status == "held":
            now = self._clock.now()
            if not await self._orders.take_over(order.id, now, now + self._at_work):
                raise UnderWay
            return await self._fulfil(order, caller)
        report_url = None if order.status == "fulfilled" else await self._orders.report_url(order.id)
        return Answer(order, replayed=True, report_url=report_url)


def _reason(error: Exception) -> str:
    """Why an order never came to the books."""
    if isinstance(error, ChaosMonkey):
        return "chaos monkey"
    return "unavailable" if isinstance(error, Unavailable) else "defect"
