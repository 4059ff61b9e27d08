"""A chain's steps in words, and what the fields of each kind are called."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, get_args

import msgspec

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.chains.model import (
    AnyStep,
    CallWebhook,
    DeclareIncident,
    GoToStep,
    NotifyNext,
    NotifyOnCall,
    NotifyPeople,
    NotifyTeam,
    OnlyBetween,
    OnlyIfAlerts,
    ResolveGroup,
    Wait,
)
from jwt_pizza.ops.console.fields import Form, maybe_whole, one_of, picked, strict, whole
from jwt_pizza.ops.people.model import Importance

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
KINDS: Final[Mapping[str, str]] = {
    "notify-on-call": "page who is on call",
    "wait": "wait",
    "notify-team": "page a team",
    "notify-people": "page people",
    "notify-next": "page people in turn",
    "go-to-step": "go to another step",
    "only-between": "go on only at some hours",
    "only-if-alerts": "go on only if there are many alerts",
    "webhook": "call a webhook",
    "declare-incident": "declare an incident",
    "resolve": "resolve the group",
}
"""In the order in which they are offered."""


class Names(msgspec.Struct, frozen=True):
    """Of what steps may name, by id."""

    people: Mapping[int, str]
    teams: Mapping[int, str]
    schedules: Mapping[int, str]


def kind_of(step: AnyStep) -> str:
    return str(step.__struct_config__.tag)


def in_words(step: AnyStep, names: Names) -> str:
    match step:
        case Wait():
            return f"Wait {_time(step.seconds)}."
        case NotifyPeople():
            return f"Page {_people(step.person_ids, names)}{_important(step.importance)}."
        case NotifyNext():
            return f"Page the next of {_people(step.person_ids, names)}{_important(step.importance)}."
        case NotifyTeam():
            team = names.teams.get(step.team_id, "that was removed")
            return f"Page everybody of the team {team}{_important(step.importance)}."
        case NotifyOnCall():
            schedule = names.schedules.get(step.schedule_id, "a schedule that was removed")
            return f"Page who is on call in {schedule}{_important(step.importance)}."
        case CallWebhook():
            return f"Post the group to {step.url}."
        case OnlyBetween():
            days = (
                "" if len(set(step.weekdays)) == len(DAYS) else f" on {', '.join(DAYS[day] for day in step.weekdays)}"
            )
            return f"Go on only between {step.starts} and {step.ends}{days} ({step.time_zone}); until then, wait."
        case OnlyIfAlerts():
            return f"Go on only if {step.count} alerts fired within {_time(step.seconds)}; until then, wait."
        case GoToStep():
            much = "" if step.times is None else ", once" if step.times == 1 else f", {step.times} times"
            return f"Go to step {step.step}{much}."
        case DeclareIncident():
            return "Declare an incident."
        case ResolveGroup():
            return "Resolve the group."


def read(form: Form, people: Sequence[int]) -> AnyStep:
    """Of the fields of its kind. `people`: the ids of those who can be chosen. Raises Invalid."""
    make = _KINDS.get(form.get("kind", ""))
    if make is None:
        raise Invalid(f"choose a kind of step: {', '.join(KINDS)}")
    return strict(make(form, people))


def _importance(form: Form) -> Importance:
    return one_of(form, "importance", get_args(Importance), "how important it is")


def _chosen(form: Form, people: Sequence[int]) -> tuple[int, ...]:
    chosen = tuple(person_id for person_id in people if f"person-{person_id}" in form)
    if not chosen:
        raise Invalid("tick at least one person")
    return chosen


def _seconds(form: Form) -> float:
    minutes = whole(form, "minutes", "the minutes")
    if minutes > 7 * 24 * 60:
        raise Invalid("a week is the longest time")
    return minutes * 60.0


def _between(form: Form) -> OnlyBetween:
    weekdays = tuple(day for day in range(len(DAYS)) if f"day-{day}" in form)
    if not weekdays:
        raise Invalid("tick at least one day of the week")
    starts, ends = form.get("starts", "")[:5], form.get("ends", "")[:5]
    return OnlyBetween(starts=starts, ends=ends, time_zone=form.get("zone", "").strip(), weekdays=weekdays)


def _if_alerts(form: Form) -> OnlyIfAlerts:
    count = whole(form, "count", "how many alerts")
    if not 1 <= count <= 100_000:
        raise Invalid("how many alerts must be between 1 and 100000")
    return OnlyIfAlerts(count=count, seconds=_seconds(form))


def _go_to(form: Form) -> GoToStep:
    times = maybe_whole(form, "times", "how many times")
    if times is not None and not 1 <= times <= 1000:
        raise Invalid("how many times must be between 1 and 1000, or empty: without end")
    return GoToStep(step=whole(form, "step", "the step"), times=times)


def _webhook(form: Form) -> CallWebhook:
    url = form.get("url", "").strip()
    if not url.startswith(("http://", "https://")) or len(url) > 2000:
        raise Invalid("the URL must begin with http:// or https://")
    return CallWebhook(url=url)


_KINDS: Final[Mapping[str, Callable[[Form, Sequence[int]], AnyStep]]] = {
    "wait": lambda form, _: Wait(seconds=_seconds(form)),
    "notify-people": lambda form, people: NotifyPeople(person_ids=_chosen(form, people), importance=_importance(form)),
    "notify-next": lambda form, people: NotifyNext(person_ids=_chosen(form, people), importance=_importance(form)),
    "notify-team": lambda form, _: NotifyTeam(team_id=picked(form, "team", "a team"), importance=_importance(form)),
    "notify-on-call": lambda form, _: NotifyOnCall(
        schedule_id=picked(form, "schedule", "a schedule"), importance=_importance(form)
    ),
    "webhook": lambda form, _: _webhook(form),
    "only-between": lambda form, _: _between(form),
    "only-if-alerts": lambda form, _: _if_alerts(form),
    "go-to-step": lambda form, _: _go_to(form),
    "declare-incident": lambda _, __: DeclareIncident(),
    "resolve": lambda _, __: ResolveGroup(),
}


def _people(ids: Sequence[int], names: Names) -> str:
    return ", ".join(names.people.get(person_id, "somebody who was removed") for person_id in ids)


def _important(importance: Importance) -> str:
    return ", as important" if importance == "important" else ""


def _time(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 or seconds % 60 else f"{seconds / 60:g} min"
