"""Start attacks, end them, and know what befalls an order."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from jwt_pizza.factory.chaos.model import Admission, Attack, AttackCard, Attacks, Ending, Plan, Strike, planned, strike
from jwt_pizza.factory.vendors.model import Throttle, Vendor, key_hash
from jwt_pizza.kernel.clock import Clock, iso
from jwt_pizza.kernel.errors import Invalid, TooMany, Unauthorized
from jwt_pizza.kernel.vitals import Notes, Unnoted

RESOLVED = "Problem resolved. Pizza is back on the menu!"
UNRESOLVED = "Problem unresolved"
NOTHING = "No chaos currently executing"
_GUESSES = 20
_WINDOW = timedelta(minutes=10)


class ChaosDesk:
    def __init__(
        self,
        attacks: Attacks,
        throttle: Throttle,
        clock: Clock,
        draw: Callable[[], float],
        *,
        longest: float,
        throttle_delay: float,
        notes: Notes = Unnoted(),  # noqa: B008 - has no state
    ) -> None:
        """`longest` attack and `throttle_delay` in seconds; `draw` is uniform in [0, 1)."""
        self._attacks = attacks
        self._throttle = throttle
        self._notes = notes
        self._clock = clock
        self._draw = draw
        self._longest = longest
        self._throttle_delay = throttle_delay

    async def admit(self, api_key: str) -> tuple[Vendor, Strike | None]:
        """The vendor, and what befalls its order; raises Unauthorized."""
        admission = await self._admission(api_key)
        if admission is None:
            raise Unauthorized("invalid authentication")
        if not admission.attacks:
            return admission.vendor, None
        return admission.vendor, strike(admission.attacks, self._clock.now(), self._draw)

    async def lasts(self, api_key: str, attack: Attack) -> bool:
        """Whether an attack that struck is still on."""
        admission = await self._admission(api_key)
        now = self._clock.now()
        return admission is not None and any(
            found.id == attack.id and found.state(now) == "active" for found in admission.attacks
        )

    async def start(self, plan: Plan, *, by: str) -> AttackCard:
        now = self._clock.now()
        attack = planned(plan, by=by, now=now, longest=self._longest, throttle=self._throttle_delay)
        card = self._card(await self._attacks.start(attack))
        self._notes.note(
            "chaos.started",
            kind=card.kind,
            attack=card.id,
            by=by,
            vendor=card.vendor_id or "every vendor",
            probability=card.probability,
            starts_at=card.starts_at,
            ends_at=card.ends_at,
        )
        return card

    async def start_own(self, vendor: Vendor, plan: Plan) -> AttackCard:
        """A vendor attacks itself only."""
        return await self.start(msgspec.structs.replace(plan, vendor_id=vendor.id), by=vendor.id)

    async def stop_own(self, vendor: Vendor) -> bool:
        """False when there was nothing to stop."""
        attack = await self.own(vendor)
        return attack is not None and await self._end(attack, "stopped")

    async def stop_all(self) -> int:
        """How many attacks that ended."""
        ended = await self._attacks.end_all(self._clock.now())
        if ended:
            self._notes.note("chaos.stopped", how="stopped", attacks=ended)
        return ended

    async def own(self, vendor: Vendor) -> Attack | None:
        """The attack that the vendor has started or scheduled and that is not over."""
        attack = await self._attacks.of(vendor.id)
        return attack if attack is not None and attack.open(self._clock.now()) else None

    async def recent(self) -> Sequence[AttackCard]:
        """Newest first."""
        return [self._card(attack) for attack in await self._attacks.recent(50)]

    async def report(self, api_key: str, fix_code: str, address: str) -> str:
        """Ends the attack that the code belongs to. Raises Invalid for a wrong code, TooMany after many of them."""
        subjects = [f"fix address:{address}", f"fix key:{key_hash(api_key).hex()}"]
        now = self._clock.now()
        # Counted before the code is looked at: guesses in parallel get no more than their share.
        for count, ends_at in await self._throttle.charge(subjects, now, now + _WINDOW):
            if count > _GUESSES:
                wait = max(1, round((ends_at - now).total_seconds()))
                raise TooMany("too many attempts, please try again later", retry_after=wait)
        admission = await self._admission(api_key)
        attacks = [attack for attack in admission.attacks if attack.open(now)] if admission else []
        if admission is not None and not attacks:
            await self._throttle.pardon(subjects)
        if not attacks:
            return NOTHING
        for attack in attacks:
            if attack.fits(fix_code):
                await self._throttle.pardon(subjects)
                await self._end(attack, "fixed")
                return RESOLVED
        raise Invalid(UNRESOLVED)

    async def _end(self, attack: Attack, how: Ending) -> bool:
        ended = await self._attacks.end(attack.id, how, self._clock.now())
        if ended:
            self._notes.note("chaos.stopped", kind=attack.kind, attack=attack.id, how=how)
        return ended

    async def _admission(self, api_key: str) -> Admission | None:
        return await self._attacks.admit(key_hash(api_key))

    def _card(self, attack: Attack) -> AttackCard:
        return AttackCard(
            id=attack.id,
            kind=attack.kind,
            state=attack.state(self._clock.now()),
            probability=attack.probability,
            started_by=attack.started_by,
            starts_at=iso(attack.starts_at),
            ends_at=iso(attack.ends_at),
            vendor_id=attack.vendor_id,
            ended_at=iso(attack.ended_at) if attack.ended_at else None,
        )
