"""Facts of incidents as sentences."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from jwt_pizza.kernel.money import Satoshis, btc_text
from jwt_pizza.ops.events import of_incidents as facts
from jwt_pizza.ops.events.fact import Fact

Naming = Callable[[int | None], str]
_VIA: Final = {
    "console": " in the console",
    "alerts": " by its alert group",
    "command": " on the command line",
}
_ACTIONS: Final = {
    "report-factory": "reported the problem to the factory",
    "in-house-oven": "forced the in-house oven",
    "release-oven": "let the policy choose the oven",
    "stop-chaos": "stopped all chaos",
    "reclaim-connections": "reclaimed connections",
}


def _many(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _via(fact: Any) -> str:  # noqa: ANN401 - one of many kinds
    return _VIA.get(fact.via, "")


def _action(fact: facts.ActionRun, who: str, _: Naming) -> str:
    did = _ACTIONS.get(fact.action, f"ran {fact.action}")
    if not fact.good:
        did = f"tried the runbook's {fact.action}, in vain"
    itself = " (as set, by itself)" if fact.automatic else ""
    # What others answered ends as they end it.
    end = "" if fact.outcome.endswith((".", "!", "?")) else "."
    return f"{who} {did}{itself}: {fact.outcome}{end}"


def _impact(fact: facts.ImpactMeasured, _: str, __: Naming) -> str:
    late = "Late facts came in. " if fact.late else ""
    charged = f"; {_many(fact.charged, 'order')} charged, {btc_text(Satoshis(fact.satoshis))}" if fact.charged else ""
    return (
        f"{late}Impact: {_many(fact.diners, 'diner')}, {_many(fact.orders, 'order')} failed, "
        f"{_many(fact.pizzas, 'pizza')} not delivered{charged}."
    )


def _finished(fact: facts.AmendsFinished, _: str, __: Naming) -> str:
    failed = f"; {_many(fact.letters_failed, 'letter')} could not be sent" if fact.letters_failed else ""
    return (
        f"Amends were finished: {_many(fact.diners, 'diner')}, {_many(fact.refunds, 'refund')} "
        f"({btc_text(Satoshis(fact.refunded))}), {_many(fact.vouchers, 'voucher')}, "
        f"{_many(fact.letters, 'letter')}{failed}."
    )


WORDS: Final[Mapping[type[Fact], Callable[[Any, str, Naming], str]]] = {
    facts.IncidentAcknowledged: lambda fact, who, _: f"{who} acknowledged the incident{_via(fact)}.",
    facts.IncidentMitigated: lambda fact, who, _: (
        "The harm stopped" + (f": {fact.because}." if fact.because else f", says {who}.")
    ),
    facts.HarmResumed: lambda *_: "Orders fail again: the harm has not stopped.",
    facts.IncidentResolved: lambda fact, who, _: f"{who} resolved the incident{_via(fact)}.",
    facts.IncidentReviewed: lambda fact, who, _: f"{who} closed the review{_via(fact)}.",
    facts.SeverityAssessed: lambda fact, _, __: f"The severity is now {fact.severity} ({fact.because}).",
    facts.IncidentRenamed: lambda fact, who, _: f"{who} renamed the incident: {fact.title}",
    facts.RoleGiven: lambda fact, _, naming: (
        f"{naming(fact.person_id)} is {fact.role}." if fact.person_id else f"Nobody is {fact.role} any more."
    ),
    facts.GroupLinked: lambda fact, _, __: f"Alert group {fact.group} is part of it: {fact.title}",
    facts.GroupUnlinked: lambda fact, _, __: f"Alert group {fact.group} is no part of it any more.",
    facts.IncidentMerged: lambda fact, who, _: f"{who} merged it into incident {fact.into}.",
    facts.IncidentTookIn: lambda fact, who, _: f"{who} merged incident {fact.incident} into it: {fact.title}",
    facts.Noted: lambda fact, who, _: f"{who} noted: {fact.text}",
    facts.ArtefactPasted: lambda fact, who, _: f"{who} kept as evidence: {fact.name}",
    facts.CommandRun: lambda fact, who, _: f"{who} ran {fact.command}" + (f": {fact.outcome}" if fact.outcome else "."),
    facts.Deployed: lambda fact, who, _: f"{who} deployed {fact.what} {fact.version}.",
    facts.Confirmed: lambda fact, who, _: f"{who} confirmed: {fact.text}",
    facts.FollowUpAdded: lambda fact, _, naming: (
        f"To be done: {fact.text}"
        + (f" ({naming(fact.owner_id)})" if fact.owner_id else "")
        + (f", until {fact.due}" if fact.due else "")
    ),
    facts.FollowUpClosed: lambda fact, who, _: (
        f"{who} opened again what is to be done: {fact.text}"
        if fact.state == "open"
        else f"{who} says it is {fact.state}: {fact.text}"
    ),
    facts.ActionRun: _action,
    facts.ImpactMeasured: _impact,
    facts.AmendsPlanned: lambda fact, who, _: (
        f"{who} planned amends for {_many(fact.diners, 'diner')} and {_many(fact.orders, 'order')}, "
        f"{btc_text(Satoshis(fact.refund))}" + (", which needs an approval." if fact.needs_approval else ".")
    ),
    facts.AmendsApproved: lambda fact, who, _: (
        f"{who} approved amends for {_many(fact.diners, 'diner')}, {btc_text(Satoshis(fact.refund))}."
    ),
    facts.AmendsStarted: lambda fact, who, _: f"{who} had amends given to {_many(fact.diners, 'diner')}.",
    facts.AmendsRetried: lambda fact, who, _: f"{who} had {_many(fact.failed, 'failure')} of the amends tried again.",
    facts.AmendsFinished: _finished,
}
