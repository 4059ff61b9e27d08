"""The generated report, against the facts of the incident that started it all."""

import re
from html.parser import HTMLParser

import msgspec
import pytest

from jwt_pizza.ops.events import model as facts
from jwt_pizza.ops.events import of_incidents as incidents
from jwt_pizza.ops.incidents.model import FollowUp
from jwt_pizza.ops.reports import printing
from jwt_pizza.ops.reports.markdown import markdown
from jwt_pizza.ops.reports.model import Edition, Material, Words
from jwt_pizza.ops.reports.sections import document, suggested
from tests.ops.reports import golden

MOUNTAIN = Edition(zone="America/Denver")
PUBLIC = Edition(public=True, zone="America/Denver")
NOTHING = Words()


def written(material: Material, words: Words = NOTHING, edition: Edition = MOUNTAIN) -> str:
    return markdown(document(material, words, edition))


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_every_fact_of_the_incident_is_in_its_report() -> None:
    """Title, the nine sections in order, and each row of the table."""
    text = written(golden.material())
    assert re.findall(r"^#+ .*$", text, re.M) == [
        "# Incident: 2025-04-08 09-25-48",
        *(f"## {title}" for title in (
            "Summary", "Detection", "Impact", "Timeline", "Response", "Root cause", "Resolution", "Prevention",
            "Action items",
        )),
    ]  # fmt: skip
    summary = section(text, "Summary")
    assert "Between 15:25 and 15:36 UTC on 8 April 2025, 12 users encountered errors" in summary
    assert "caused by a chaos attack of the kind fail on the factory's order endpoint" in summary
    assert "24 pizzas were not delivered" in summary
    detection = section(text, "Detection")
    assert "fired at 15:28:00 UTC, 2 min 12 s after the first failed order (time to detect)" in detection
    assert "The engineer on call was texted at 15:28, 15:33 and 15:38 UTC." in detection
    impact = section(text, "Impact")
    assert "For 11 minutes between 15:25 UTC and 15:36 UTC" in impact
    for figure in ("12 users affected, 100%", "12 orders failed", "24 pizzas not delivered", "12 orders charged"):
        assert figure in impact
    assert "No other part of the site was disturbed." in impact
    assert "Users saw the message “Failed to fulfill order at factory”." in impact
    assert "](data:image/svg+xml;base64," in impact
    response = section(text, "Response")
    assert "10 min 19 s after the first message (time to acknowledge)" in response
    assert "10 min 17 s after it began (time to mitigate)" in response
    assert "1 message went out after the incident was over, at 15:38 UTC, because nobody had acknowledged" in response
    cause = section(text, "Root cause")
    assert "led to leaked connections under failure conditions" in cause
    assert "lack of visibility into connection state" in cause
    assert "`shop/ovens/remote.py:88` held 2 connections" in cause
    assert "apiKey=[API_KEY]&fixCode=[FIX_CODE]" in cause
    assert "0123456789abcdef" not in text and "deadbeef" not in text
    resolution = section(text, "Resolution")
    assert "The engineer on call visited the report link found in a failing answer at 15:36:05 UTC" in resolution
    assert "confirmed at 15:41:00 UTC that nobody is affected any more" in resolution
    assert "can trigger the attack again" in section(text, "Prevention")
    actions = section(text, "Action items")
    assert re.search(r"1\. Move the JWT Pizza Factory code into the JWT Pizza backend", actions)
    assert re.search(r"Refund the bitcoin of the 12 orders \(0.0912 BTC\): open", actions)
    assert "Email all affected customers and give them free pizza for life" in actions


def test_the_timeline_tells_each_thing_once_and_by_roles() -> None:
    lines = section(written(golden.material()), "Timeline").strip().splitlines()[2:]
    assert [re.sub(r"^- _([\d:]+)_ - ", r"\1 ", line) for line in lines] == [
        "15:25:40 A chaos attack of the kind fail began.",
        "15:25:48 The first user had an issue ordering pizzas.",
        "15:25:48 The factory's answers showed a chaos attack.",
        "15:26:10 A database connection leaked, taken at shop/ovens/remote.py:88.",
        "15:28:00 Alert from grafana: 12 orders failed, told by the engineer on call \\<b\\>at once\\</b\\>.",
        "15:28:01 The engineer on call was texted.",
        "15:33:01 The engineer on call was texted again.",
        "15:34:00 The engineer on call came online.",
        "15:36:05 " + lines[8].split(" - ")[1],
        "15:36:05 The chaos attack ended: its report link was followed.",
        "15:36:05 Users stopped having issues ordering pizzas.",
        "15:38:01 The engineer on call was texted a third time.",
        "15:38:20 The engineer on call acknowledged by replying to the text.",
        "15:38:25 The engineer on call resolved the alert group in the console.",
        "15:41:00 The engineer on call confirmed: the metrics show that nobody is affected.",
    ]
    assert "Evan" not in "\n".join(lines)
    shown = section(written(golden.material(), Words(shown=(golden.EVAN,))), "Timeline")
    assert "Evan Smith was texted a third time." in shown


@pytest.mark.parametrize(
    ("index", "clock", "fact", "before", "after"),
    [
        (1, "15:24:58", None, "09-25-48", "09-24-58"),
        (6, "15:29:30", None, "at 15:28, 15:33 and 15:38", "at 15:29, 15:33 and 15:38"),
        (11, "15:35:30", None, "1 message went out after", "No message went out after"),
        (12, "15:31:00", None, "10 min 19 s after the first message", "2 min 59 s after the first message"),
        (0, "15:25:40", golden.happening("chaos.started", kind="throttle"), "of the kind fail", "of the kind throttle"),
        (5, "15:28:00", facts.GroupUnmuted(), "fired at 15:28:00", "No alert fired"),
    ],
    ids=["first failure", "page", "late page", "acknowledgement", "kind of attack", "no alert"],
)
def test_one_event_changed_changes_the_report(
    index: int, clock: str, fact: facts.AnyFact | None, before: str, after: str
) -> None:
    events = golden.log()
    events[index] = (clock, fact or events[index][1], events[index][2])
    assert before in written(golden.material())
    changed = written(golden.material(events))
    assert before not in changed and after in changed


def test_amends_and_a_run_without_failures_are_told_as_they_are() -> None:
    """Nothing is claimed that did not happen."""
    made_good = written(golden.material(amends=golden.amends(), impact=golden.impact(orders_compensated=12)))
    assert "Refund the bitcoin of the 12 orders (0.0912 BTC): done." in made_good
    assert "12 emails sent, 12 vouchers given" in made_good
    calm = golden.impact(
        diners_affected=0,
        orders_failed=0,
        pizzas_not_delivered=0,
        orders_charged=0,
        satoshis_charged=0,
        first_failed_at=None,
        last_failed_at=None,
    )
    events = [golden.log()[0], ("15:25:50", golden.happening("stand-in.began"), "process:shop"), *golden.log()[5:]]
    text = written(golden.material(events, impact=calm))
    assert "no order is known to have failed. The in-house oven stood in for the factory." in text
    assert "each was served" in text and "encountered errors" not in text
    assert "Refund" not in text and "free pizza for life" not in text
    missed = facts.AlertFired(fingerprint="b", source="heartbeat", summary="backup is silent", name="HeartbeatMissed")
    meanwhile = [golden.log()[0], ("15:28:00", missed, "system")]
    backup = written(golden.material(meanwhile, impact=calm))
    assert "caused by" not in backup, "an attack that goes on meanwhile is no cause of it"
    unknown = written(golden.material([], impact=None))
    assert "could not be asked yet" in unknown and "Nobody was paged." in unknown


def test_people_write_what_only_they_know_and_nothing_they_type_is_markup() -> None:
    words = Words(
        sections={
            "root-cause": "A bug in the pool.\n\n# Heading\n\n## Summary\n\n<script>alert(1)</script> `a<b`\n===",
            "detection": "They had no computer at hand.\n\n![x](http://evil.example/x.png) [link](javascript:alert(1))",
            "prevention": "```\nan open fence\n## Impact",
            "action-items": "1. One\n2. <b>Two</b>",
        }
    )
    follow_ups = (
        FollowUp(
            id=1,
            incident_id=1,
            text="Ask Evan Smith\n# <i>now</i>",
            owner_id=golden.EVAN,
            due_on=None,
            state="open",
            created_at=golden.at("16:00:00"),
            created_by="system",
            closed_at=None,
        ),
    )
    material = msgspec.structs.replace(golden.material(), follow_ups=follow_ups)
    text = written(material, words)
    fences = re.sub(r"(?s)^```.*?^```$", "", text, flags=re.M)
    assert len(re.findall(r"^ {0,3}#", fences, re.M)) == 10
    assert not re.search(r"(?<!\\)<(?!b`)", fences)
    assert "!\\[x\\](http" in text and "\\[link\\](javascript" in text
    assert "They had no computer at hand." in section(text, "Detection")
    assert "of grafana fired at" in section(text, "Detection"), "what is computed stays"
    assert "led to leaked connections" not in text, "people's words replace what was suggested"
    assert "2. \\<b\\>Two\\</b\\>" in section(text, "Action items")
    page = printing.page(document(material, words, MOUNTAIN), "body{}", linked=False)
    tags = _Tags()
    tags.feed(page)
    structure = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "section", "p", "ul", "ol", "li"}
    assert tags.seen <= structure | {"pre", "code", "em", "strong", "figure", "img"}


def test_what_is_suggested_can_be_edited_and_read_back() -> None:
    made = golden.material()
    texts = suggested(made, NOTHING)
    assert list(texts) == ["root-cause", "prevention", "action-items"]
    assert "- `shop/ovens/remote.py:88` held 2 connections" in texts["root-cause"]
    kept = written(made, Words(sections=dict(texts)))
    for title in ("Prevention", "Action items"):
        assert section(kept, title) == section(written(made), title)


def test_the_public_edition_has_no_names_keys_or_customers() -> None:
    events = golden.log()
    events.insert(8, ("15:33:30", incidents.Noted(text="d@jwt.com called +49 170 1234567"), f"person:{golden.BOSS}"))
    words = Words(
        sections={"root-cause": "Evan Smith and Ada found it; write to d@jwt.com. apiKey=0123456789abcdef"},
        shown=(golden.EVAN,),
    )
    text = written(golden.material(events), words, PUBLIC)
    for secret in (
        "Evan",
        "Ada",
        "d@jwt.com",
        "1234567",
        "0123456789abcdef",
        "deadbeef",
        "remote.py",
        "SLC",
        "grafana",
    ):
        assert secret not in text, secret
    assert "the engineer on call and an engineer found it; write to \\[address\\]" in section(text, "Root cause")
    assert "12 users affected" in text and "at 15:28, 15:33 and 15:38" in text


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
