"""Facts of the log as sentences, for timelines."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from jwt_pizza.kernel.clock import iso
from jwt_pizza.ops.events import incident_words
from jwt_pizza.ops.events import model as facts
from jwt_pizza.ops.events.fact import Fact
from jwt_pizza.ops.events.model import SYSTEM

Naming = Callable[[int | None], str]
"""A person's name, or their role where names are not shown."""

_CHANNELS: Final = {"sms": "by SMS", "email": "by email", "apprise": "by chat", "webhook": "by webhook"}
_VIA: Final = {
    "link": " by the link in the message",
    "sms": " by replying to the text",
    "console": " in the console",
    "command": " on the command line",
    "alerts": " because none of its alerts fires any more",
    "chain": " by the escalation chain",
}
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")


def sentence(fact: Fact, actor: str, naming: Naming) -> str:
    """Past tense, with a full stop. What has no words of its own is told by its kind."""
    tell = _WORDS.get(type(fact))
    who = by(actor, naming)
    told = tell(fact, who, naming) if tell else f"{kind_of(fact)}."
    return told[:1].upper() + told[1:]


def kind_of(fact: Fact) -> str:
    return str(fact.__struct_config__.tag)


def by(actor: str, naming: Naming) -> str:
    """`person:3` as a name; `The system` for what nobody did by hand."""
    kind, _, number = actor.partition(":")
    if kind == "person" and number.isdecimal():
        return naming(int(number))
    return "The system" if actor == SYSTEM else actor


def _channel(name: str) -> str:
    return _CHANNELS.get(name, f"by {name}")


def _via(name: str) -> str:
    return _VIA.get(name, "")


def _happening(fact: Any, _who: str, _naming: Naming) -> str:  # noqa: ANN401 - one of many kinds
    words: Mapping[str, str] = {
        "orders.failing": "Orders began to fail",
        "chaos.struck": "The factory's answers showed an attack",
        "chaos.started": "An attack began",
        "chaos.stopped": "An attack ended",
        "breaker.changed": "The breaker of the factory changed",
        "stand-in.began": "The in-house oven began to stand in",
        "stand-in.ended": "The factory bakes again",
        "lease.leaked": "A database connection leaked",
        "lease.reclaimed": "A leaked database connection was taken back",
        "lease.returned": "A leaked database connection was returned after all",
        "report.followed": "The report link of a failing answer was followed",
        "database.unreachable": "The database became unreachable",
        "database.back": "The database came back",
        "process.started": "A process started",
        "process.stopping": "A process stopped",
    }
    about = ", ".join(_detail(name, value) for name, value in fact.about.items() if value and name != "answer")
    told = words.get(fact.what, fact.what)
    return f"{told}{': ' + about if about else ''} ({_service(fact.source)})."


def _service(source: str) -> str:
    """`shop` of `host:4711:shop:1795956404.111`, which tells processes apart."""
    parts = source.split(":")
    return parts[2] if len(parts) == 4 else source


def _changed(fact: facts.Changed, who: str, naming: Naming) -> str:
    """`Ada added team 51.`, `Ada changed Grace: time zone.`"""
    what = by(fact.what, naming) if fact.what.startswith("person:") else fact.what.replace(":", " ", 1)
    verb, space, more = fact.change.partition(" ")
    if verb.rstrip(":") in _CHANGES:
        return f"{who} {verb.rstrip(':')} {what}{':' if verb.endswith(':') else ''}{space}{more}."
    return f"{who} changed {what}: {fact.change.removesuffix('.')}."


def _detail(name: str, value: str) -> str:
    """`ends at 15:36:27` of `ends_at` and an instant."""
    instant = _INSTANT.fullmatch(value)
    return f"{name.replace('_', ' ')} {instant[1] if instant else value}"


_CHANGES: Final = frozenset({"added", "changed", "ended", "removed", "renamed", "verified"})
_WORDS: Final[Mapping[type[Fact], Callable[[Any, str, Naming], str]]] = {
    facts.AlertFired: lambda fact, _, __: f"Alert from {fact.source}: {fact.summary}",
    facts.AlertResolved: lambda fact, _, __: (
        "An alert stopped firing" + (" (its source fell silent)." if fact.how == "stale" else ".")
    ),
    facts.GroupOpened: lambda fact, _, __: f"Alert group opened, {fact.severity}: {fact.title}",
    facts.GroupAcknowledged: lambda fact, who, _: f"{who} acknowledged{_via(fact.via)}.",
    facts.GroupUnacknowledged: lambda fact, who, _: (
        f"{who} took the acknowledgement back{_via(fact.via)}" + (f" ({fact.reason})." if fact.reason else ".")
    ),
    facts.GroupResolved: lambda fact, who, _: (
        "Resolved, as none of its alerts fires any more."
        if fact.via == "alerts"
        else f"{who} resolved the alert group{_via(fact.via)}."
    ),
    facts.GroupSilenced: lambda fact, who, _: f"{who} silenced it until {iso(fact.until)}.",
    facts.GroupUnsilenced: lambda _, who, __: f"{who} ended the silence.",
    facts.GroupMuted: lambda fact, _, __: f"Muted: {fact.reason}.",
    facts.GroupUnmuted: lambda *_: "No longer muted.",
    facts.GroupEscalated: lambda fact, who, _: f"{who} escalated{_via(fact.via)}.",
    facts.GroupReassigned: lambda fact, who, naming: f"{who} assigned it to {naming(fact.person_id)}.",
    facts.StepTaken: lambda fact, _, naming: (
        f"Escalation, step {fact.step}: {fact.about}"
        + (f" ({', '.join(naming(person) for person in fact.paged)})." if fact.paged else ".")
    ),
    facts.NobodyPaged: lambda fact, _, __: f"Escalation, step {fact.step} reached nobody: {fact.reason}.",
    facts.IncidentDeclared: lambda fact, who, _: f"{who} declared an incident, {fact.severity}: {fact.title}",
    facts.PageQueued: lambda fact, _, naming: (
        f"A page to {naming(fact.person_id)} {_channel(fact.channel)} was queued."
    ),
    facts.PageSent: lambda fact, _, naming: f"{naming(fact.person_id)} was paged {_channel(fact.channel)}.",
    facts.PageDelivered: lambda fact, _, naming: (
        f"The page {_channel(fact.channel)} reached {naming(fact.person_id)}'s device."
    ),
    facts.PageFailed: lambda fact, _, naming: (
        f"A page to {naming(fact.person_id)} {_channel(fact.channel)} failed"
        + (f" for good: {fact.error}." if fact.final else f": {fact.error}. It is tried again.")
    ),
    facts.PageVoided: lambda fact, _, naming: (
        f"A page to {naming(fact.person_id)} {_channel(fact.channel)} was not sent: it was no longer needed."
    ),
    facts.PagerDelayed: lambda fact, _, __: f"The pager was {fact.seconds:.0f} s late, and was pushed on.",
    facts.LinkOpened: lambda *_: "The link of a message was opened.",
    facts.Refused: lambda fact, _, __: f"{fact.what} was refused: {fact.why}.",
    facts.Changed: _changed,
    facts.HeartbeatMissed: lambda fact, _, __: (
        f"Heartbeat {fact.name} has been silent for {fact.silent_seconds:.0f} s."
    ),
    facts.DatabaseLost: lambda fact, _, __: f"The pager lost its database ({fact.error}) and went on without it.",
    facts.DrillAsked: lambda fact, who, _: f"{who} started drill {fact.drill_id}, {fact.scenario}.",
    facts.DrillEnded: lambda fact, _, __: (
        f"Drill {fact.drill_id}, {fact.scenario}, "
        + ("came to what is expected." if fact.good else "did not come to what is expected.")
        if fact.how == "done"
        else f"Drill {fact.drill_id}, {fact.scenario}, ended without a result ({fact.how})."
    ),
    facts.DatabaseBack: lambda fact, _, __: (
        f"The pager's database came back after {fact.seconds:.0f} s; {fact.pages} pages went out meanwhile."
    ),
    facts.Happening: _happening,
    **incident_words.WORDS,
}
