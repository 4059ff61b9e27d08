"""The timeline of a drill as text, out of the event log and of what the responder did."""

from collections.abc import Iterator
from datetime import UTC, datetime

from jwt_pizza.drill.figures import Measured
from jwt_pizza.drill.scenario import Scenario, Way
from jwt_pizza.ops.events import telling


def timeline(scenario: Scenario, way: Way, measured: Measured) -> str:
    lines = sorted(_lines(measured), key=lambda line: line[0])
    told = "\n".join(f"- _{at.astimezone(UTC):%H:%M:%S}_ {text}" for at, text in lines)
    return f"# {scenario.title}: {way}\n\n{scenario.day}, all times are UTC.\n\n## Timeline\n\n{told}\n"


def _lines(measured: Measured) -> Iterator[tuple[datetime, str]]:
    for event in measured.events:
        yield event.at, telling.sentence(event.fact, event.actor, lambda _: "The engineer on call")
    for done in measured.done:
        yield done.at, f"The responder: {done.do.replace('-', ' ')}. {done.text}"
