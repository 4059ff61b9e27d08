"""What a runbook can do with one tap. Each is written down on the timeline with what came of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, NotFound, Refusal
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.events.model import Event, Events
from jwt_pizza.ops.events.of_incidents import ActionRun
from jwt_pizza.ops.incidents.model import Incident, Incidents, RuleSeen, Watching
from jwt_pizza.ops.incidents.remote import BY_ITSELF, Actor, Attempt, Shop, Sought
from jwt_pizza.ops.telemetry.model import Action

ABOUT: Final[Mapping[Action, str]] = {
    "report-factory": "Report the problem to the factory",
    "in-house-oven": "Force the in-house oven",
    "release-oven": "Let the policy choose the oven",
    "stop-chaos": "Stop all chaos",
    "reclaim-connections": "Reclaim connections",
}
SAFE: Final[tuple[Action, ...]] = ("report-factory", "in-house-oven", "reclaim-connections")
"""May run by themselves. Somebody may have started an attack on purpose, so ending all of them is for people."""
FORCED: Final = 1800.0
"""Seconds for which the in-house oven bakes."""
_BEFORE: Final = timedelta(minutes=5)
_LOOKED_AT: Final = 100


class Offer(Wire, frozen=True):
    """`suggested`: a rule that fired names it. `safe`: a setting can have it run by itself."""

    action: Action
    about: str
    suggested: bool
    safe: bool


class Outcome(Wire, frozen=True):
    """What came of it, in words; `good`: it did what it is for."""

    action: Action
    good: bool
    outcome: str


class Runbooks:
    def __init__(
        self,
        incidents: Incidents,
        watching: Watching,
        shop: Shop,
        log: Events,
        clock: Clock,
        *,
        of_rules: Mapping[str, Sequence[Action]],
        automatic: frozenset[Action] = frozenset(),
    ) -> None:
        """`of_rules`: the actions of each rule of the watch. `automatic`: run by themselves, once in an incident."""
        self._incidents = incidents
        self._watching = watching
        self._shop = shop
        self._log = log
        self._clock = clock
        self._of_rules = of_rules
        self._automatic = automatic
        self._doing: Mapping[Action, Callable[[Incident, Actor], Awaitable[tuple[str, str]]]] = {
            "report-factory": self._report,
            "in-house-oven": self._force_oven,
            "release-oven": self._release_oven,
            "stop-chaos": self._stop_chaos,
            "reclaim-connections": self._reclaim,
        }

    async def offers(self, incident_id: int) -> Sequence[Offer]:
        """Those that the rules name come first."""
        named = self._named(await self._watching.rules(incident_id))
        ordered = sorted(ABOUT, key=lambda action: action not in named)
        return [Offer(action=each, about=ABOUT[each], suggested=each in named, safe=each in SAFE) for each in ordered]

    async def run(self, incident_id: int, action: Action, actor: Actor) -> Outcome:
        """Raises NotFound, and Conflict when the incident is over; what goes wrong with the action is its outcome."""
        incident = await self._incidents.get(incident_id)
        if incident is None:
            raise NotFound(f"there is no incident {incident_id}")
        if not incident.open:
            now = f"merged into {incident.merged_into}" if incident.merged_into else incident.state
            raise Conflict(f"incident {incident_id} is {now}: its runbooks have nothing to do any more")
        return await self._run(incident, action, actor, automatic=False)

    async def attempts(self, actor: Actor, sought: Sought) -> Sequence[Attempt]:
        """What there is to report, the newest first."""
        return await self._shop.attempts(actor, sought)

    async def report_attempt(self, attempt_id: int, actor: Actor) -> Outcome:
        """Follows the link of this very answer. It is told on the timeline of the incident that is open, if one is."""
        attempt = await self._shop.attempt(actor, attempt_id)
        open_ones = await self._incidents.list(state="open", before=None, take=1)
        following = self._follow(attempt, actor)
        return await self._written(next(iter(open_ones), None), "report-factory", actor, following, automatic=False)

    async def by_themselves(self, incident: Incident, rules: Sequence[RuleSeen]) -> None:
        if not self._automatic:
            return
        named = self._named(rules)
        for action in ABOUT:
            wanted = action in self._automatic and action in named
            if wanted and await self._watching.begin_run(incident.id, action, self._clock.now()):
                await self._run(incident, action, BY_ITSELF, automatic=True)

    async def _run(self, incident: Incident, action: Action, actor: Actor, *, automatic: bool) -> Outcome:
        doing = self._doing[action](incident, actor)
        return await self._written(incident, action, actor, doing, automatic=automatic)

    async def _written(
        self,
        incident: Incident | None,
        action: Action,
        actor: Actor,
        doing: Awaitable[tuple[str, str]],
        *,
        automatic: bool,
    ) -> Outcome:
        try:
            outcome, evidence = await doing
            good = True
        except Refusal as refusal:
            outcome, evidence, good = refusal.message, "", False
        fact = ActionRun(action=action, outcome=outcome, good=good, automatic=automatic, evidence=evidence)
        now = self._clock.now()
        if incident is None:
            await self._log.record([Event(at=now, fact=fact, actor=actor.name)])
        else:
            await self._incidents.note(incident.id, fact, by=actor.name, at=now)
        return Outcome(action=action, good=good, outcome=outcome)

    async def _report(self, incident: Incident, actor: Actor) -> tuple[str, str]:
        """Follows the link out of the latest failing answer of the factory: the shop follows it, and only there."""
        since = incident.started_at - _BEFORE
        attempts = await self._shop.attempts(actor, Sought(take=_LOOKED_AT, outcome="failed"))
        attempt = next((each for each in attempts if each.report_url and each.started_at >= since), None)
        if attempt is None:
            raise NotFound("no answer of the factory that failed since then carries a report link")
        return await self._follow(attempt, actor)

    async def _follow(self, attempt: Attempt, actor: Actor) -> tuple[str, str]:
        """What came of it, and what was seen before."""
        status, answer = await self._shop.follow_report(actor, attempt.id)
        seen = {
            "status": attempt.status,
            "message": attempt.error,
            "reportUrl": masked(attempt.report_url or ""),
        }
        evidence = msgspec.json.encode(seen).decode()
        if status != 200:
            raise Conflict(f"the factory answered {status}: {answer}")
        return f"the factory answered: {answer}", evidence

    async def _force_oven(self, incident: Incident, actor: Actor) -> tuple[str, str]:  # noqa: ARG002
        await self._shop.force_oven(actor, FORCED)
        return f"the in-house oven bakes everything for {FORCED / 60:.0f} minutes", ""

    async def _release_oven(self, incident: Incident, actor: Actor) -> tuple[str, str]:  # noqa: ARG002
        await self._shop.release_oven(actor)
        return "the shop's policy chooses the oven again", ""

    async def _stop_chaos(self, incident: Incident, actor: Actor) -> tuple[str, str]:  # noqa: ARG002
        stopped = await self._shop.stop_attacks(actor)
        await self._shop.stop_leak(actor)
        attacks = "1 attack" if stopped == 1 else f"{stopped or 'no'} attacks"
        return f"{attacks} on the factory ended, and connections do not leak on purpose any more", ""

    async def _reclaim(self, incident: Incident, actor: Actor) -> tuple[str, str]:  # noqa: ARG002
        leaked = await self._shop.recall_connections(actor)
        return f"{leaked} leaked {'connection is' if leaked == 1 else 'connections are'} taken back", ""

    def _named(self, rules: Sequence[RuleSeen]) -> frozenset[Action]:
        return frozenset(action for rule in rules for action in self._of_rules.get(rule.name, ()))


def masked(url: str) -> str:
    """A report link without what opens anything: its keys and codes are told by their last four characters."""
    address, mark, query = url.partition("?")
    if not mark:
        # …/api/support/KEY/report/CODE
        parts = address.split("/")
        for number, part in enumerate(parts[:-1]):
            if part in {"support", "report"}:
                parts[number + 1] = _mask(parts[number + 1])
        return "/".join(parts)
    pairs = [pair.partition("=") for pair in query.split("&")]
    return address + "?" + "&".join(f"{name}={_mask(value)}" for name, _, value in pairs)


def _mask(secret: str) -> str:
    return f"…{secret[-4:]}" if len(secret) > 8 else "…"
