"""The public status page: what it says, who is mailed, and that it lives elsewhere, too."""

import asyncio
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from xml.etree import ElementTree

from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import ADA, PASSWORD, Office, office
from tests.postbox import Mailbox, mail_server
from tests.running import running_ops
from tests.visitor import Form, visiting

ATOM = "{http://www.w3.org/2005/Atom}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SAID = "We look into it.\n<script>alert(1)</script> & more"


async def until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not there():
            await asyncio.sleep(0.05)


def parsed(feed: str) -> ElementTree.Element:
    return ElementTree.fromstring(feed)  # noqa: S314 - our own


def links(mail: EmailMessage) -> list[str]:
    body = mail.get_body()
    assert body is not None
    return re.findall(r"https?://[^/\s]+(/status/subscription/\S+)", str(body.get_content()))


async def subscribe(made: Office, address: str) -> tuple[int, str]:
    answer = await made.ops.call("POST", "/status/subscription", data=f"email={address}".encode(), headers=FORM)
    return answer.status, answer.text


async def one_click(made: Office, link: str) -> int:
    data = b"List-Unsubscribe=One-Click"
    return (await made.ops.call("POST", link, data=data, headers=FORM)).status


async def test_customers_are_told_on_the_page_in_feeds_by_mail_and_in_a_folder(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    async with (
        mail_server() as (smtp_url, mailbox),
        office(database_url, postgres, tmp_path, smtp_url=smtp_url, status_dir=folder) as made,
        running_ops(database_url, data_dir=tmp_path, smtp_url=smtp_url) as other,
    ):
        number = (await made.good("POST", "/api/incidents", {"title": "secret & internal", "severity": "major"}))["id"]
        path = f"/api/incidents/{number}/updates"
        page = await made.ops.call("GET", "/status", headers={"Accept-Encoding": "gzip"})
        assert page.status == 200 and "All is well" in page.text and "secret" not in page.text
        assert len(page.text) < 50_000 and "<script" not in page.text
        again = await made.ops.call("GET", "/status", headers={"If-None-Match": page.headers["ETag"]})
        assert (again.status, again.text) == (304, "")

        await _subscribed(made, mailbox, "diner@example.com")
        assert (await made.refused("POST", path, {"status": "identified", "text": "x"}))[1].startswith(
            "title is required"
        )
        update = {"status": "investigating", "text": SAID, "title": "Orders <fail>", "components": ["orders"]}
        await made.good("POST", path, update)
        shown = f"/status/incidents/{number}"
        for place in (made.ops, other):
            async with asyncio.timeout(20):
                while (page := await place.call("GET", shown)).status != 200:
                    await asyncio.sleep(0.1)
        assert "Orders &lt;fail&gt;" in page.text and "<script" not in page.text, "another process shows it"
        atom = parsed((await made.ops.call("GET", "/status/feed.atom")).text)
        assert [entry.findtext(f"{ATOM}content") for entry in atom.iter(f"{ATOM}entry")] == [SAID]
        rss = await made.ops.call("GET", "/status/feed.rss")
        assert rss.headers["Content-Type"].startswith("application/rss+xml")
        assert parsed(rss.text).findtext("channel/item/title") == "Investigating: Orders <fail>"
        home = (await made.ops.call("GET", "/status")).text
        assert "Some things do not work" in home

        # Once to whoever confirmed, with one click to end it.
        await mailbox.wait_for(2)
        letter = mailbox.mails[-1]
        assert letter["Subject"] == "[Investigating] Orders <fail>"
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        end = links(letter)[-1]
        assert end in letter["List-Unsubscribe"]
        assert await one_click(made, end) == 200
        assert await one_click(made, end) == 200, "again it is as it was"
        await made.good("POST", path, {"status": "resolved", "text": "Pizzas come again."})
        assert await postgres.fetchval("test", "SELECT count(*) FROM ops.subscribers") == 0

        # The folder holds the same, with links that lead within it.
        await until(lambda: "Resolved" in _read(folder / "index.html"))
        assert f'href="incidents/{number}.html"' in _read(folder / "index.html")
        inner = _read(folder / "incidents" / f"{number}.html")
        assert 'href="../status.css"' in inner and "Pizzas come again." in inner
        assert "/status/subscription" in _read(folder / "index.html")
        assert not [each.name for each in folder.rglob(".*")], "nothing half-written stays"
        assert "Orders &lt;fail&gt;" in (await made.ops.call("GET", "/status")).text
        whole = (await made.ops.call("GET", "/api/status")).json
        assert whole["incidents"][0]["status"] == "resolved"
        brief = (await made.ops.call("GET", "/api/status?form=summary")).json
        still = [each["incidentId"] for each in whole["incidents"] if each["closedAt"] is None]
        assert [each["incidentId"] for each in brief["incidents"]] == still
        assert "updates" not in str(brief)
        assert (await made.ops.call("GET", "/api/status?form=tiny")).status == 400
        assert (await made.ops.call("GET", "/status/incidents/99")).status == 404
        assert (await made.ops.call("POST", path, {"status": "resolved", "text": "x"})).status == 401
        async with visiting(made.ops.url) as visitor:
            await visitor.log_in(ADA, PASSWORD)
            form = (await visitor.get(f"/incidents/{number}/updates")).form(f"/incidents/{number}/updates")
            assert form.fields["title"] == "Orders <fail>"
            fields = {name: form.fields[name] for name in ("form", "title")}
            sent = Form(form.action, "post", fields | {"status": "monitoring", "text": "Back?", "part-menu": "yes"})
            assert "monitoring: Back?" in (await visitor.submit(sent)).text
            assert (await made.good("GET", path))["closedAt"] is None, "it is open again"
            assert "Customers still read" not in (await visitor.get(f"/incidents/{number}")).text, "it is not over"
            await made.good("POST", f"/api/incidents/{number}/resolution")
            assert "Customers still read “monitoring”" in (await visitor.get(f"/incidents/{number}")).text
            assert "Customers still read" not in (await visitor.submit(sent, status="resolved", text="Done.")).text
            assert "Customers still read" not in (await visitor.get(f"/incidents/{number}")).text


async def test_nobody_learns_who_subscribed_and_nobody_is_flooded(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with (
        mail_server() as (smtp_url, mailbox),
        office(database_url, postgres, tmp_path, smtp_url=smtp_url) as made,
    ):
        await _subscribed(made, mailbox, "known@example.com")
        known, new = await subscribe(made, "KNOWN@example.com"), await subscribe(made, "new@example.com")
        assert known == new and known[0] == 200
        await mailbox.wait_for(3)
        kinds = {str(mail["To"]): str(mail["Subject"]) for mail in mailbox.mails}
        assert kinds["known@example.com"].startswith("You get updates"), "only the mail tells, to its owner"
        for _ in range(5):
            assert await subscribe(made, "new@example.com") == new
        waiting = "SELECT count(*) FROM ops.status_letters l JOIN ops.subscribers s ON s.id = l.subscriber_id "
        assert await postgres.fetchval("test", waiting + "WHERE s.address = 'new@example.com'") == 3
        assert (await subscribe(made, "nonsense"))[0] == 400
        for number in range(15):
            last = await subscribe(made, f"d{number}@example.com")
        assert last[0] == 429 and "too many" in last[1].lower()

        confirm = next(link for mail in mailbox.mails if mail["To"] == "new@example.com" for link in links(mail))
        forged = confirm.replace("token=", "token=1")
        assert (await made.ops.call("GET", forged)).status == 400
        assert await one_click(made, forged) == 400
        # A link for one thing does not do the other.
        assert await one_click(made, confirm.replace("/confirm", "/end")) == 400
        asked = await made.ops.call("GET", confirm)
        assert "<button" in asked.text and asked.headers["Cache-Control"] == "no-store"
        confirmed = "SELECT count(*) FROM ops.subscribers WHERE confirmed_at IS NOT NULL"
        assert await postgres.fetchval("test", confirmed) == 1, "a robot that opens links confirms nothing"


async def _subscribed(made: Office, mailbox: Mailbox, address: str) -> None:
    assert (await subscribe(made, address))[0] == 200
    await until(lambda: any(mail["To"] == address for mail in mailbox.mails))
    link = next(link for mail in mailbox.mails if mail["To"] == address for link in links(mail))
    assert await one_click(made, link) == 200


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
