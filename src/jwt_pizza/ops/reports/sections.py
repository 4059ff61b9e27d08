"""The report of an incident as a document: the nine sections of the template, computed, with the words of people.

Pure: the same material, words and edition make the same document.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import msgspec

from jwt_pizza.kernel.money import btc_text
from jwt_pizza.kernel.wallclock import zone_of
from jwt_pizza.ops.reports import chart, suggestions
from jwt_pizza.ops.reports.document import (
    Block,
    Bullets,
    Code,
    Document,
    Line,
    Section,
    as_typed,
    code,
    line,
    paragraph,
    typed,
)
from jwt_pizza.ops.reports.findings import Findings, Page, find, minutes_between
from jwt_pizza.ops.reports.model import SUGGESTED, TITLES, Edition, Material, Place, Words
from jwt_pizza.ops.reports.roles import Cast
from jwt_pizza.ops.reports.story import lines
from jwt_pizza.ops.reports.wording import between, clock, count, day, exact, listed, started

_HOW = {"sms": "texted", "email": "mailed"}
_OUTCOMES = {"charged": "charged and not delivered", "voided": "not delivered and not charged"}


def document(material: Material, words: Words, edition: Edition) -> Document:
    return _Writer(material, words, edition).document()


def suggested(material: Material, words: Words) -> Mapping[Place, str]:
    """What stands in sections where nobody has written anything, as somebody would have typed it."""
    return _Writer(material, words, Edition()).suggested()


class _Answer(msgspec.Struct):
    message: str = ""


class _Writer:
    def __init__(self, material: Material, words: Words, edition: Edition) -> None:
        self._material = material
        self._incident = material.incident
        self._words = words
        self._edition = edition
        self._public = edition.public
        self._findings: Findings = find(material)
        self._cast = Cast(
            material.timeline, material.names, self._incident.roles, () if edition.public else words.shown
        )

    def document(self) -> Document:
        began = self._findings.failed_at or self._incident.started_at
        zone = zone_of(self._edition.zone)
        title = f"Incident: {began.astimezone(zone):%Y-%m-%d %H-%M-%S}"
        made: dict[Place, Callable[[], Iterator[Block]]] = {
            "summary": self._summary,
            "detection": self._detection,
            "impact": self._impact,
            "timeline": self._timeline,
            "response": self._response,
            "resolution": self._resolution,
            **self._suggesting(),
        }
        return Document(
            title,
            tuple(Section(place, title, tuple(self._section(place, made[place]))) for place, title in TITLES.items()),
        )

    def suggested(self) -> Mapping[Place, str]:
        return {place: as_typed(make()) for place, make in self._suggesting().items()}

    def _suggesting(self) -> Mapping[Place, Callable[[], Iterator[Block]]]:
        return {
            "root-cause": lambda: suggestions.root_cause(self._findings, public=self._public),
            "prevention": lambda: suggestions.prevention(self._findings),
            "action-items": self._actions,
        }

    def _section(self, place: Place, make: Callable[[], Iterator[Block]]) -> Iterator[Block]:
        written = typed(self._masked(self._words.sections.get(place, "")))
        if not (written and place in SUGGESTED):
            yield from make()
        yield from written
        if place == "root-cause":
            yield from self._evidence()

    def _summary(self) -> Iterator[Block]:
        found, impact = self._findings, self._findings.impact
        trigger = suggestions.attack(found)
        caused = f" The event was caused by {trigger}." if trigger else ""
        if found.failed_at is None:
            began = self._incident.started_at
            stood = " The in-house oven stood in for the factory." if found.stood_in else ""
            yield paragraph(
                f"From {clock(began)} UTC on {day(began)}: no order is known to have failed.{stood}{caused}"
            )
        else:
            hurt = impact if impact is not None and impact.orders_failed else None
            who = count(hurt.diners_affected, "user") if hurt else "users"
            lost = hurt.pizzas_not_delivered if hurt else 0
            yield paragraph(
                f"{self._window(found.failed_at, 'Between', 'and')} on {day(found.failed_at)}, {who} encountered "
                f"errors when attempting to order pizzas.{caused}"
                + (f" {count(lost, 'pizza')} {_were(lost)} not delivered." if lost else "")
            )
        notified = f" {started(self._told(found.pages[:1]))}" if found.pages else " Nobody was paged."
        severity = f"The severity is {self._incident.severity}."
        detected = "No alert fired; the incident was declared by hand."
        if found.alert is not None:
            after = f", {self._after_failure(found.alert.at)}" if found.failed_at is not None else ""
            detected = f"It was detected by an alert at {clock(found.alert.at)} UTC{after}."
        yield paragraph(f"{detected}{notified} {severity}")

    def _detection(self) -> Iterator[Block]:
        found = self._findings
        alert = found.alert
        if alert is None:
            yield paragraph(f"No alert fired. The incident was declared at {exact(self._incident.declared_at)} UTC.")
        else:
            fact = alert.fact
            named = "An alert"
            summary = getattr(fact, "summary", "")
            if summary and not self._public:
                named = f"The alert “{self._masked(summary)}” of {getattr(fact, 'source', '')}"
            late = f", {self._after_failure(alert.at)} (time to detect)" if found.failed_at is not None else ""
            yield paragraph(f"{named} fired at {exact(alert.at)} UTC{late}.")
        by_way: dict[tuple[int | None, str], list[Page]] = {}
        for page in found.pages:
            by_way.setdefault((page.person_id, page.channel), []).append(page)
        for pages in by_way.values():
            yield paragraph(f"{started(self._told(pages))}")
        if not found.pages:
            yield paragraph("Nobody was paged.")

    def _impact(self) -> Iterator[Block]:
        found, impact = self._findings, self._findings.impact
        if found.failed_at is not None:
            yield paragraph(self._lasted(found.failed_at))
            seen = self._masked(_message(found.answer))
            if seen:
                yield paragraph(f"Users saw the message “{seen}”.")
        if impact is None:
            yield paragraph("The shop could not be asked yet how many orders, users and pizzas are concerned.")
        elif not impact.orders_failed:
            yield paragraph(
                f"No order failed: {count(impact.diners_tried, 'user')} placed {count(impact.orders_tried, 'order')}, "
                "and each was served. Nobody was charged for what was not delivered."
            )
        else:
            yield Bullets(tuple(self._figures()))
        if impact is not None:
            disturbed = listed(impact.routes_disturbed) if impact.routes_disturbed else ""
            yield paragraph(
                f"Other parts were disturbed, too: {self._masked(disturbed)}."
                if disturbed
                else "No other part of the site was disturbed."
            )
        picture = chart.orders(self._material.minutes)
        if picture is not None:
            yield picture

    def _lasted(self, failed_at: datetime) -> str:
        over = self._findings.over_at
        if over is None:
            return f"Since {clock(failed_at)} UTC on {day(failed_at)} users have received errors. It is not over."
        return (
            f"For {count(minutes_between(failed_at, over), 'minute')} between {clock(failed_at)} UTC and {clock(over)} "
            f"UTC on {day(failed_at)}, users received errors when attempting to order pizzas."
        )

    def _figures(self) -> Iterator[Line]:
        impact = self._findings.impact
        if impact is None:
            return
        share = f"{impact.diners_affected / impact.diners_tried:.0%}" if impact.diners_tried else "all"
        yield line(
            f"{count(impact.diners_affected, 'user')} affected, {share} of the "
            f"{count(impact.diners_tried, 'user')} who tried to order."
        )
        yield line(f"{count(impact.orders_failed, 'order')} failed, of {impact.orders_tried:,} in that time.")
        yield line(f"{count(impact.pizzas_not_delivered, 'pizza')} not delivered.")
        charged = count(impact.orders_charged, "order")
        yield line(
            f"{charged} charged and not delivered, {btc_text(impact.satoshis_charged)} together."
            if impact.orders_charged
            else "Nobody was charged for what was not delivered."
        )
        if impact.diners_served_later:
            yield line(f"{count(impact.diners_served_later, 'affected user')} got a pizza afterwards.")
        if len(impact.stores) > 1 and not self._public:
            for store in impact.stores:
                yield line(
                    f"Store {self._masked(store.store)}: {count(store.orders, 'order')}, "
                    f"{count(store.pizzas, 'pizza')}."
                )

    def _timeline(self) -> Iterator[Block]:
        yield paragraph("All times are UTC.")
        told = lines(self._material.timeline, self._findings, self._cast, public=self._public)
        if told:
            yield Bullets(told)

    def _response(self) -> Iterator[Block]:
        found = self._findings
        since = found.failed_at or self._incident.started_at
        if found.pages:
            yield paragraph(f"The first message went out at {exact(found.pages[0].at)} UTC.")
        if found.acknowledged is not None:
            acknowledged = started(
                f"{self._cast.by(found.acknowledged.by)} acknowledged at {exact(found.acknowledged.at)} UTC"
            )
            first = found.pages[0].at if found.pages else since
            yield paragraph(
                f"{acknowledged[:-1]}, {between(first, found.acknowledged.at)} after the first message "
                "(time to acknowledge)."
                if found.pages
                else acknowledged
            )
        else:
            yield paragraph("Nobody acknowledged.")
        if found.over_at is not None:
            yield paragraph(
                f"The harm had ended at {exact(found.over_at)} UTC, {between(since, found.over_at)} after it "
                "began (time to mitigate)."
            )
        late = found.late_pages
        if late:
            why = ""
            if found.acknowledged is None or found.acknowledged.at > late[0].at:
                why = ", because nobody had acknowledged by then"
            yield paragraph(
                f"{count(len(late), 'message')} went out after the incident was over, at "
                f"{listed([clock(page.at) for page in late])} UTC{why}."
            )
        elif found.pages and found.over_at is not None:
            yield paragraph("No message went out after the incident was over.")
        yield from self._amends()

    def _amends(self) -> Iterator[Block]:
        amends = self._incident.amends
        if amends is None:
            return
        given = [
            f"{count(amends.refunds, 'order')} refunded ({btc_text(amends.refunded)})",
            f"{count(amends.vouchers, 'voucher')} for free pizza given",
            f"{count(amends.letters_sent, 'email')} sent",
        ]
        state = f", finished at {exact(amends.finished_at)} UTC" if amends.finished_at is not None else ""
        yield paragraph(f"Amends for {count(amends.diners, 'user')} are {amends.state}{state}: {listed(given)}.")

    def _resolution(self) -> Iterator[Block]:
        found = self._findings
        attack = found.attack
        if found.link is not None:
            who = started(
                f"{self._cast.by(found.link.by)} visited the report link found in a failing answer at "
                f"{exact(found.link.at)} UTC"
            )[:-1]
            ended = ", which ended the chaos attack." if attack is not None and attack.how == "fixed" else "."
            yield paragraph(who + ended)
        elif attack is not None and attack.ended_at is not None:
            yield paragraph(f"The chaos attack was stopped at {exact(attack.ended_at)} UTC.")
        if found.over_at is not None and found.failed_at is not None:
            yield paragraph(f"No order has failed since {exact(found.over_at)} UTC.")
        if found.resolved is not None:
            yield paragraph(f"The alert was resolved at {exact(found.resolved.at)} UTC.")
        if found.confirmed is not None:
            yield paragraph(
                started(
                    f"{self._cast.by(found.confirmed.by)} confirmed at {exact(found.confirmed.at)} UTC "
                    "that nobody is affected any more"
                )
            )
        if found.over_at is None:
            yield paragraph("It is not over yet.")

    def _actions(self) -> Iterator[Block]:
        items = tuple(suggestions.action_items(self._material, self._findings, self._cast, public=self._public))
        yield Bullets(items, numbered=True) if items else paragraph("None yet.")

    def _evidence(self) -> Iterator[Block]:
        found = self._findings
        answer = self._masked(found.answer)
        if answer:
            yield paragraph("During this time the order endpoint (", code("/api/order"), ") answered with errors:")
            yield _quoted(answer)
        factory = self._masked(found.factory_answer)
        if factory:
            yield paragraph("The factory had answered:")
            yield _quoted(factory)
        if found.leaks and not self._public and self._words.sections.get("root-cause", "").strip():
            for leak in found.leaks:
                yield paragraph(
                    "The log shows that ",
                    code(leak.line),
                    f" held {count(leak.connections, 'connection')} that were not given back.",
                )

    def _window(self, since: datetime, first: str, second: str) -> str:
        over = self._findings.over_at
        return f"{first} {clock(since)} {second} {clock(over)} UTC" if over is not None else f"Since {clock(since)} UTC"

    def _after_failure(self, at: datetime) -> str:
        failed = self._findings.failed_at
        if failed is None or at < failed:
            return "before the first order failed"
        return f"{between(failed, at)} after the first failed order"

    def _told(self, pages: "tuple[Page, ...] | list[Page]") -> str:
        first = pages[0]
        how = _HOW.get(first.channel, f"notified by {first.channel}")
        return f"{self._cast.naming(first.person_id)} was {how} at {listed([clock(page.at) for page in pages])} UTC"

    def _masked(self, text: str) -> str:
        return self._cast.masked(text, public=self._public)


def _quoted(answer: str) -> Code:
    try:
        return Code(msgspec.json.format(answer, indent=2), "json")
    except msgspec.DecodeError:
        return Code(answer, "text")


def _message(answer: str) -> str:
    """What the page showed."""
    try:
        found = msgspec.json.decode(answer, type=_Answer)
    except msgspec.MsgspecError:
        return ""
    return found.message[:200]


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
