"""Make good what an incident did: planned, approved and executed from the incident, carried out by the shop."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.ops.events.of_incidents import AmendsRetried
from jwt_pizza.ops.incidents import verbs
from jwt_pizza.ops.incidents.lookout import IncidentLookout
from jwt_pizza.ops.incidents.model import Amends, Incident, Incidents, Watching
from jwt_pizza.ops.incidents.remote import Actor, AmendsRequest, Failure, Shop

LONGEST_EXPLANATION: Final = 2000


class AmendsOffice:
    """Raises what the shop refuses in its own words: Forbidden for the wrong role, Conflict before an approval."""

    def __init__(
        self, incidents: Incidents, watching: Watching, lookout: IncidentLookout, shop: Shop, clock: Clock
    ) -> None:
        self._incidents = incidents
        self._watching = watching
        self._lookout = lookout
        self._shop = shop
        self._clock = clock

    async def plan(
        self,
        incident_id: int,
        actor: Actor,
        *,
        explanation: str = "",
        remedies: dict[str, tuple[str, ...]] | None = None,
    ) -> Amends:
        """For everybody who was hurt from the first failing order to when the harm stopped, or now. Planned again it
        adds who came to light since."""
        incident = await self._live(incident_id)
        incident = await self._lookout.measure(incident_id)
        impact = incident.impact
        if impact is None or not impact.orders_failed:
            raise Conflict(
                f"no order failed in the window of incident {incident_id} "
                f"({_clock(incident.started_at)} to {_clock(incident.mitigated_at or self._clock.now())} UTC): "
                "there is nobody to make amends to"
            )
        explanation = explanation.strip() or explained(incident)
        if len(explanation) > LONGEST_EXPLANATION:
            raise Invalid(f"explanation must have at most {LONGEST_EXPLANATION} characters")
        request = AmendsRequest(since=impact.since, until=impact.until, explanation=explanation, remedies=remedies)
        plan = await self._shop.plan(actor, incident.key, request)
        return await self._told(incident, plan, actor)

    async def show(self, incident_id: int, actor: Actor) -> Amends:
        """Raises NotFound when none were planned."""
        incident = await self._get(incident_id)
        return await self._told(incident, await self._shop.amends(actor, incident.key), actor)

    async def approve(self, incident_id: int, actor: Actor) -> Amends:
        return await self._do(incident_id, actor, self._shop.approve)

    async def start(self, incident_id: int, actor: Actor) -> Amends:
        """Returns at once; the shop gives what was planned."""
        return await self._do(incident_id, actor, self._shop.start)

    async def retry(self, incident_id: int, actor: Actor) -> Amends:
        incident = await self._live(incident_id)
        before = await self._shop.amends(actor, incident.key)
        plan = await self._do(incident_id, actor, self._shop.retry)
        failed = before.failures
        if failed:
            fact = AmendsRetried(failed=failed)
            await self._incidents.note(incident_id, fact, by=actor.name, at=self._clock.now())
        return plan

    async def failures(self, incident_id: int, actor: Actor) -> Sequence[Failure]:
        incident = await self._get(incident_id)
        return await self._shop.failures(actor, incident.key)

    async def hurt_orders(self, incident_id: int, actor: Actor) -> bytes:
        """The list of who was hurt, as CSV."""
        await self._live(incident_id)
        incident = await self._lookout.measure(incident_id)
        if incident.impact is None:
            raise NotFound("nothing was measured")
        return await self._shop.hurt_orders(actor, incident.impact.since, incident.impact.until)

    async def _do(self, incident_id: int, actor: Actor, verb: Callable[[Actor, str], Awaitable[Amends]]) -> Amends:
        incident = await self._live(incident_id)
        return await self._told(incident, await verb(actor, incident.key), actor)

    async def _told(self, incident: Incident, plan: Amends, actor: Actor) -> Amends:
        now = self._clock.now()
        await self._watching.tell_amends(incident.id, plan, by=actor.name, at=now)
        if plan.started_at is not None and not plan.over:
            await self._watching.look_again(incident.id, now)
        return plan

    async def _live(self, incident_id: int) -> Incident:
        incident = await self._get(incident_id)
        verbs.live(incident)
        return incident

    async def _get(self, incident_id: int) -> Incident:
        incident = await self._incidents.get(incident_id)
        if incident is None:
            raise NotFound(f"there is no incident {incident_id}")
        return incident


def explained(incident: Incident) -> str:
    """To diners, until somebody says it better."""
    since = incident.started_at.astimezone(UTC)
    if incident.mitigated_at:
        when = f"Between {_clock(since)} and {_clock(incident.mitigated_at)} UTC on {since.day} {since:%B %Y}"
    else:
        when = f"Since {_clock(since)} UTC on {since.day} {since:%B %Y}"
    failed = "failed, and orders were not" if incident.mitigated_at else "has failed, and orders are not"
    return f"{when} our kitchen {failed} delivered."


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M}"
