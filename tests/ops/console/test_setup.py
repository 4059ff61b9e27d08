"""People, teams, contacts, schedules, chains, routes, silences and heartbeats, set up by forms, without a script."""

import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.console.setup.statistics import rows
from jwt_pizza.ops.statistics.model import PersonPages
from tests.ops.office import ADA, GRACE, LINUS, PASSWORD
from tests.ops.paging.station import Station, link_of, station
from tests.visitor import Form, Page, Visitor, visiting


@pytest.fixture
async def on_duty(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Station]:
    async with station(database_url, postgres, tmp_path) as made:
        yield made


@pytest.fixture
async def manager(on_duty: Station) -> AsyncIterator[Visitor]:
    async with visiting(on_duty.ops.url) as visitor:
        await visitor.log_in(ADA, PASSWORD)
        yield visitor


@pytest.fixture
async def responder(on_duty: Station) -> AsyncIterator[Visitor]:
    async with visiting(on_duty.ops.url) as visitor:
        await visitor.log_in(GRACE, PASSWORD)
        yield visitor


def told(page: Page) -> str:
    """The text, as somebody reads it."""
    text = unescape(re.sub(r"<[^>]+>", " ", page.text))
    return re.sub(r"\s+", " ", text).replace(" ,", ",")


def with_field(page: Page, action: str, **wanted: str) -> Form:
    """The form that is sent there with these values as they are."""
    forms = [form for form in page.forms() if form.action.partition("#")[0] == action]
    return next(form for form in forms if wanted.items() <= form.fields.items())


def ticked(form: Form, prefix: str, *kept: str) -> Form:
    """A browser sends only boxes that are ticked."""
    fields = {name: value for name, value in form.fields.items() if not name.startswith(prefix) or name in kept}
    return Form(form.action, form.method, fields)


def before_submit(form: Form, *buttons: str) -> Form:
    return Form(form.action, form.method, {name: value for name, value in form.fields.items() if name not in buttons})


async def test_pages_are_for_those_who_are_in_the_roster(on_duty: Station) -> None:
    async with visiting(on_duty.ops.url) as stranger:
        for path in (
            "people",
            "people/1",
            "me",
            "chains",
            "chains/1",
            "routes",
            "silences",
            "heartbeats",
            "statistics",
        ):
            assert (await stranger.get(f"/{path}", follow=False)).location.startswith("/login"), path


async def test_responder_sets_up_how_they_are_reached(on_duty: Station, responder: Visitor) -> None:
    page = await responder.get("/me")
    here = f"/people/{on_duty.office.ids[GRACE]}"
    assert page.path == here
    wrong = await responder.submit(page.form(f"{here}/contact"), channel="sms", address="0555")
    assert wrong.status == 400
    assert "country code" in told(wrong)
    assert 'value="0555"' in wrong.text, "what was typed stays"
    added = await responder.submit(page.form(f"{here}/contact"), channel="email", address="g@pager.example")
    assert "A code is on its way" in told(added)
    assert "not verified" in told(added)
    refused = await responder.submit(added.form(f"{here}/verify"), code="000000")
    assert (refused.status, "wrong or too old" in told(refused)) == (400, True)
    [code] = on_duty.office.codes()
    verified = await responder.submit(added.form(f"{here}/verify"), code=code)
    assert "not verified" not in told(verified)
    choice = page_contact(verified, "g@pager.example")
    ruled = await responder.submit(with_field(verified, f"{here}/rule", minutes="0"), minutes="7", contact=choice)
    assert "after 7 min by email to g@pager.example" in told(ruled)
    rules = (await on_duty.office.good("GET", f"/api{here}"))["rules"]["default"]
    assert [rule["delay"] for rule in rules] == sorted(rule["delay"] for rule in rules)
    assert rules[-1] == {"contactId": int(choice), "delay": 420.0}
    without = await responder.submit(
        with_field(ruled, f"{here}/rule", importance="default", remove=str(len(rules) - 1))
    )
    assert "after 7 min" not in told(without)
    late = with_field(ruled, f"{here}/rule", importance="default", remove=str(len(rules) - 1))
    assert "gone already" in told(await responder.submit(late))
    tested = await responder.submit(without.form(f"{here}/test"))
    assert "test page is on its way" in told(tested)
    assert (await on_duty.texted()).body.startswith("TEST: ")
    gone = await responder.submit(with_field(tested, f"{here}/forget", contact=choice))
    assert "g@pager.example" not in gone.text
    saved = await responder.submit(gone.form(f"{here}/profile"), name="Grace H.", zone="America/Denver")
    assert "Saved" in told(saved)
    assert (await on_duty.office.good("GET", f"/api{here}"))["timeZone"] == "America/Denver"
    old = re.search(r"/api/people/\d+/calendar/[\w-]+\.ics", saved.text)
    renewed = await responder.submit(saved.form(f"{here}/feed"))
    new = re.search(r"/api/people/\d+/calendar/[\w-]+\.ics", renewed.text)
    assert old and new
    assert [(await responder.get(found[0])).status for found in (old, new)] == [404, 200]


def page_contact(page: Page, address: str) -> str:
    found = re.search(rf'<option value="(\d+)">email to {re.escape(address)}</option>', page.text)
    assert found, page.text
    return found[1]


async def test_what_is_others_is_not_shown_and_not_changed(on_duty: Station, responder: Visitor) -> None:
    theirs = f"/people/{on_duty.office.ids[ADA]}"
    page = await responder.get(theirs)
    assert "+15551230001" not in page.text
    assert "Only they and managers see how" in told(page)
    mine = await responder.get("/me")
    token = mine.form("/logout").fields["form"]
    for path, fields in (
        (f"{theirs}/contact", {"channel": "email", "address": "x@example.com"}),
        (f"{theirs}/profile", {"name": "Mallory", "role": "responder"}),
        (f"{theirs}/test", {}),
        (f"{theirs}/feed", {}),
        (f"{theirs}/remove", {"sure": "yes"}),
        (f"/people/{on_duty.office.ids[GRACE]}/profile", {"role": "manager"}),
        ("/people", {"name": "Mallory", "role": "manager"}),
        ("/people/teams", {"name": "Mallory"}),
        (f"/people/teams/{on_duty.team_id}", {"name": "Mallory"}),
        ("/chains", {"name": "Mallory", "team": "1", "schedule": "1"}),
        (f"/chains/{on_duty.chain_id}", {"name": "Mallory", "team": str(on_duty.team_id)}),
        (f"/chains/{on_duty.chain_id}/steps", {"verb": "remove", "place": "0", "seen": "3"}),
        ("/routes", {"name": "Mallory", "matchers": "a=b"}),
        ("/routes/inhibitions", {"source": "a=b", "target": "c=d"}),
        ("/heartbeats", {"name": "Mallory", "minutes": "5", "severity": "warning"}),
        ("/on-call/new", {"name": "Mallory", "team": str(on_duty.team_id), "zone": "UTC"}),
    ):
        answer = await responder.submit(Form(path, "post", {"form": token, **fields}))
        assert (answer.status, path) == (403, path)
        assert "manager" in told(answer), path
    for path in ("/people", "/chains", f"/chains/{on_duty.chain_id}", "/routes", "/heartbeats"):
        page = await responder.get(path)
        assert [form.action for form in page.forms() if form.method == "post"] == ["/logout"], path
    assert (await responder.get("/on-call/new")).status == 403


async def test_manager_adds_people_and_teams_and_removes_them(on_duty: Station, manager: Visitor) -> None:
    page = await manager.get("/people")
    assert "nothing: cannot be paged" in told(page), "Linus has no contact"
    assert "Ada" in told(page)
    taken = await manager.submit(page.form("/people"), name="Other", email=LINUS, password="long enough")
    assert taken.status == 409
    assert 'value="Other"' in taken.text
    added = await manager.submit(page.form("/people"), name="Barbara", email="b@example.com", password="long enough")
    barbara = added.path.rpartition("/")[2]
    assert "Barbara cannot be paged" in told(added)
    page = await manager.get("/people")
    team = before_submit(ticked(page.form("/people/teams"), "member-", f"member-{barbara}"), "verb")
    page = await manager.submit(team, name="Crust")
    [crust] = [each for each in await on_duty.office.good("GET", "/api/teams") if each["name"] == "Crust"]
    assert crust["members"] == [int(barbara)]
    removal = Form(f"{added.path}/remove", "post", {"form": page.form("/people").fields["form"]})
    assert "sure" in told(await manager.submit(removal))
    named = await manager.submit(removal, sure="yes")
    assert (named.status, "team Crust" in told(named)) == (409, True)
    form = before_submit(ticked(page.form(f"/people/teams/{crust['id']}"), "member-"), "verb")
    emptied = await manager.submit(form, name="Thin crust")
    assert "Thin crust" in told(emptied)
    assert "Nobody: a step that pages this team" in told(emptied)
    assert "Barbara" not in told(await manager.submit(removal, sure="yes"))
    without = await manager.submit(emptied.form(f"/people/teams/{crust['id']}"), verb="remove")
    assert "Thin crust" not in told(without)
    appointed = await manager.get(f"/people/{on_duty.office.ids[GRACE]}")
    await manager.submit(appointed.form(f"{appointed.path}/profile"), role="manager")
    assert (await on_duty.office.good("GET", f"/api{appointed.path}"))["role"] == "manager"


async def steps_of(on_duty: Station, chain: str) -> list[dict[str, Any]]:
    return list((await on_duty.office.good("GET", f"/api/chains/{chain}"))["steps"])


async def test_chain_is_built_step_by_step(on_duty: Station, manager: Visitor) -> None:
    draft = {"teamId": on_duty.team_id, "name": "day", "layers": []}
    schedule = (await on_duty.office.good("POST", "/api/schedules", draft))["id"]
    made = await manager.submit((await manager.get("/chains")).form("/chains"), name="Nights <b>")
    chain, here = made.path.rpartition("/")[2], made.path
    assert "Page who is on call in day, as important." in told(made)
    assert "Nights &lt;b&gt;" in made.text

    async def fields(kind: str, place: int) -> Form:
        page = await manager.get(f"{here}?kind={kind}&place={place}")
        return with_field(page, f"{here}/steps", kind=kind)

    form = ticked(await fields("only-between", 0), "day-", "day-0", "day-6")
    page = await manager.submit(form, verb="insert", starts="22:00", ends="07:00", zone="Europe/Berlin")
    assert "Go on only between 22:00 and 07:00 on Mon, Sun (Europe/Berlin)" in told(page)
    assert (await steps_of(on_duty, chain))[-1] == {"kind": "go-to-step", "step": 1, "times": None}, "it moved along"
    wrong = await manager.submit(await fields("only-if-alerts", 1), verb="insert", count="0", minutes="5")
    assert (wrong.status, "between 1 and 100000" in told(wrong)) == (400, True)
    assert with_field(wrong, f"{here}/steps", kind="only-if-alerts").fields["count"] == "0", "what was typed stays"
    added: Mapping[str, Mapping[str, str]] = {
        "only-if-alerts": {"count": "3", "minutes": "2"},
        "webhook": {"url": "https://hooks.example/x"},
        "declare-incident": {},
        "notify-on-call": {"schedule": str(schedule), "importance": "default"},
        "notify-team": {"team": str(on_duty.team_id), "importance": "important"},
    }
    for kind, typed in added.items():
        answer = await manager.submit(await fields(kind, 1), verb="insert", **typed)
        assert answer.status == 200, told(answer)
    nobody = await manager.submit(ticked(await fields("notify-next", 1), "person-"), verb="insert")
    assert "tick at least one person" in told(nobody).lower()
    grace = f"person-{on_duty.office.ids[GRACE]}"
    page = await manager.submit(ticked(await fields("notify-next", 1), "person-", grace), verb="insert")
    assert "Page the next of Grace." in told(page)
    steps = await steps_of(on_duty, chain)
    assert [step["kind"] for step in steps[:7]] == [
        "only-between", "notify-next", "notify-team", "notify-on-call", "declare-incident", "webhook", "only-if-alerts",
    ]  # fmt: skip
    loop = await manager.submit(await fields("go-to-step", 2), verb="insert", step="1", times="")
    assert (loop.status, "without waiting" in told(loop)) == (400, True)
    changed = await manager.get(f"{here}?change=6")
    assert with_field(changed, f"{here}/steps", kind="only-if-alerts").fields["minutes"] == "2", "as it is stored"
    page = await manager.submit(with_field(changed, f"{here}/steps", kind="only-if-alerts"), verb="change", count="9")
    assert "Go on only if 9 alerts fired within 2 min" in told(page)
    up = Form(f"{here}/steps", "post", {"form": page.form(here).fields["form"], "seen": str(len(steps))})
    page = await manager.submit(up, verb="raise", place="6")
    assert (await steps_of(on_duty, chain))[5]["kind"] == "only-if-alerts"
    meanwhile = await manager.submit(up, verb="remove", place="5", seen=str(len(steps) - 1))
    assert (meanwhile.status, "somebody else has changed" in told(meanwhile).lower()) == (400, True)
    for _ in range(6):
        count = len(await steps_of(on_duty, chain))
        await manager.submit(up, verb="remove", place="1", seen=str(count))
    assert (await steps_of(on_duty, chain))[-1]["step"] == 1
    renamed = await manager.submit(with_field(page, here, name="Nights <b>"), name="Nights", team=str(on_duty.team_id))
    assert "Nights &lt;b&gt;" not in renamed.text
    removal = Form(here, "post", {"form": up.fields["form"], "verb": "remove", "sure": "yes"})
    assert (await manager.submit(removal)).path == "/chains"
    assert (await manager.get(here)).status == 404


async def test_layers_are_looked_at_before_they_hold(on_duty: Station, manager: Visitor, responder: Visitor) -> None:
    ids = on_duty.office.ids
    page = await manager.get("/on-call/new")
    wrong = await manager.submit(page.form("/on-call/new"), name="day", zone="Europe/Nowhere")
    assert (wrong.status, 'value="Europe/Nowhere"' in wrong.text) == (400, True)
    made = await manager.submit(page.form("/on-call/new"), name="day", zone="Europe/Berlin")
    here, layers = made.path, f"{made.path}/layers"
    assert "Nobody takes turns yet" in told(made)
    new = with_field(made, layers, place="0")
    nobody = await manager.submit(new, verb="save", name="turns")
    assert (nobody.status, "at least one person" in told(nobody)) == (400, True)
    typed = {"name": "turns", "unit": "day", "starts": "2026-01-01T09:00", "person-0": str(ids[ADA])}
    typed |= {"person-2": str(ids[GRACE])}
    looked = await manager.submit(new, verb="preview", **typed)
    assert "holds only once it is saved" in told(looked)
    assert "Ada" in told(looked)
    assert (await on_duty.office.good("GET", f"/api/schedules/{here.rpartition('/')[2]}"))["layers"] == []
    saved = await manager.submit(with_field(looked, layers, place="0"), verb="save")
    [layer] = (await on_duty.office.good("GET", f"/api/schedules/{here.rpartition('/')[2]}"))["layers"]
    assert (layer["people"], layer["starts"], layer["restrictions"]) == ([ids[ADA], ids[GRACE]], "2026-01-01T09:00", [])
    parts = ticked(with_field(saved, layers, place="1"), "on-0-", "on-0-0", "on-0-4")
    over = {"name": "office", "unit": "week", "starts": "2026-01-05T09:00", "person-0": str(ids[LINUS])}
    saved = await manager.submit(parts, verb="save", **over, **{"from-0": "09:00", "until-0": "17:00"})
    stored = (await on_duty.office.good("GET", f"/api/schedules/{here.rpartition('/')[2]}"))["layers"]
    assert stored[1]["restrictions"] == [{"starts": "09:00", "ends": "17:00", "weekdays": [0, 4]}]
    assert with_field(saved, layers, place="1").fields["from-0"] == "09:00"
    await manager.submit(before_submit(with_field(saved, layers, place="1"), "verb"), verb="raise")
    swapped = (await on_duty.office.good("GET", f"/api/schedules/{here.rpartition('/')[2]}"))["layers"]
    assert [each["name"] for each in swapped] == ["office", "turns"]
    late = await manager.submit(with_field(made, layers, place="0"), verb="save", **typed)
    assert (late.status, "somebody else has changed" in told(late).lower()) == (400, True)
    one = await manager.submit(with_field(saved, layers, place="0"), verb="remove")
    assert with_field(one, layers, place="0").fields["name"] == "turns"
    reading = await responder.get(here)
    assert "Ada" in told(reading)
    assert [form.action for form in reading.forms() if form.method == "post"] == ["/logout"]
    token = reading.form("/logout").fields["form"]
    assert (await responder.submit(Form(layers, "post", {"form": token, "place": "0", "seen": "1"}))).status == 403
    page = await manager.submit(with_field(one, here, name="day"), name="night", zone="UTC")
    assert "times are of UTC" in told(page)
    removed = await manager.submit(Form(here, "post", {**page.form(here).fields, "verb": "remove", "sure": "yes"}))
    assert removed.path == "/on-call"


async def test_routes_and_what_mutes_what(on_duty: Station, manager: Visitor) -> None:
    page = await manager.get("/routes")
    wrong = await manager.submit(page.form("/routes"), name="shop", matchers="service~shop")
    assert (wrong.status, 'value="service~shop"' in wrong.text) == (400, True)
    for name in ("shop", "factory"):
        page = await manager.submit(
            page.form("/routes"), name=name, matchers=f'service="{name}"', chain=str(on_duty.chain_id), remind="30"
        )
    shop, factory, default = await on_duty.office.good("GET", "/api/routes")
    assert (shop["remindSeconds"], shop["groupBy"], factory["chainId"]) == (1800, ["alertname"], on_duty.chain_id)
    page = await manager.submit(page.form(f"/routes/{factory['id']}"), verb="raise")
    assert [each["name"] for each in await on_duty.office.good("GET", "/api/routes")][:2] == ["factory", "shop"]
    first = before_submit(with_field(page, f"/routes/{factory['id']}"), "verb")
    assert (await manager.submit(first, verb="raise")).status == 400
    saved = await manager.submit(
        before_submit(with_field(page, f"/routes/{default['id']}"), "verb"), group="alertname, service", chain=""
    )
    assert "nobody is paged" in told(saved)
    last = (await on_duty.office.good("GET", "/api/routes"))[-1]
    assert (last["groupBy"], last["chainId"], last["matchers"]) == (["alertname", "service"], None, [])
    await manager.submit(saved.form(f"/routes/{shop['id']}"), verb="remove")
    assert len(await on_duty.office.good("GET", "/api/routes")) == 2
    muted = await manager.submit(
        page.form("/routes/inhibitions"), source="alertname=Down", target='severity="warning"', equal="service"
    )
    assert 'While alertname="Down" fires, severity="warning" is muted, where service is the same' in told(muted)
    [rule] = await on_duty.office.good("GET", "/api/inhibitions")
    gone = await manager.submit(muted.form(f"/routes/inhibitions/{rule['id']}/remove"))
    assert "Nothing yet" in told(gone)


async def test_alert_is_kept_quiet_from_its_own_page(on_duty: Station, responder: Visitor) -> None:
    await on_duty.fire()
    await on_duty.texted()
    group = (await on_duty.group())["id"]
    link = re.search(r'href="(/silences\?matchers=[^"]+)"', (await responder.get(f"/groups/{group}")).text)
    assert link
    page = await responder.get(link[1].replace("&amp;", "&"))
    form = page.form("/silences")
    assert form.fields["matchers"] == 'alertname="OrdersFail"', "however severe it is"
    wrong = await responder.submit(form, matchers='alertname=~"("', hours="4", comment="why not")
    assert (wrong.status, "RE2" in told(wrong), 'value="why not"' in wrong.text) == (400, True, True)
    quiet = await responder.submit(form, kind="maintenance", hours="4", comment="the oven is mended")
    assert "“the oven is mended”, by Grace" in told(quiet)
    [silence] = await on_duty.office.good("GET", "/api/silences")
    assert silence["kind"] == "maintenance"
    assert "1 silence keeps alerts quiet" in told(await responder.get("/groups"))
    assert 'maintenance alertname="OrdersFail" until' in told(await responder.get("/coverage"))
    ended = await responder.submit(quiet.form(f"/silences/{silence['id']}/end"))
    assert "Nothing is kept quiet now" in told(ended)
    assert "ended" in told(await responder.get("/silences?ended=true"))
    later = await responder.submit(form, starts="2090-01-01T00:00")
    assert later.status == 400


async def test_heartbeats_are_set_up_and_heard(on_duty: Station, manager: Visitor, responder: Visitor) -> None:
    page = await manager.get("/heartbeats")
    assert (await manager.submit(page.form("/heartbeats"), name="backup", minutes="0")).status == 400
    made = await manager.submit(page.form("/heartbeats"), name="backup", minutes="90", severity="warning")
    assert "every 90 min, else warning. Never heard" in told(made)
    address = re.search(r"/api/heartbeats/[\w-]+", made.text)
    assert address
    assert (await on_duty.ops.call("POST", address[0])).status == 200
    reading = await responder.get("/heartbeats")
    assert "Last heard" in told(reading)
    assert address[0] not in reading.text, "who knows it can keep it quiet for ever"
    [beat] = await on_duty.office.good("GET", "/api/heartbeats")
    here = f"/heartbeats/{beat['id']}"
    changed = await manager.submit(before_submit(made.form(here), "verb"), minutes="15", severity="critical")
    assert "every 15 min, else critical" in told(changed)
    assert "We wait for nobody" in told(await manager.submit(changed.form(here), verb="remove"))
    assert (await manager.submit(changed.form(here), verb="remove")).status == 404


async def test_statistics_tell_how_long_it_took_and_whom_it_woke(on_duty: Station, manager: Visitor) -> None:
    assert "Nobody got a message" in told(await manager.get("/statistics"))
    await on_duty.fire()
    link = link_of(await on_duty.texted())
    tap = (await manager.get(link)).form(link)
    assert (await manager.submit(tap, action="acknowledge")).status == 200
    page = told(await manager.get("/statistics?days=7"))
    assert re.search(r"Alert groups 1 To acknowledge \(median\) \d", page)
    assert "Ada" in page
    download = re.search(r'href="(/api/oncall/statistics\.csv[^"]+)"', (await manager.get("/statistics")).text)
    assert download
    assert "pages,Ada," in (await manager.get(download[1].replace("&amp;", "&"))).text


def test_shades_are_of_one_scale() -> None:
    def pages(name: str, **hours: int) -> PersonPages:
        by_hour = tuple(hours.get(f"at{hour}", 0) for hour in range(24))
        return PersonPages(person_id=1, name=name, pages=sum(by_hour), at_night=0, by_hour=by_hour)

    ada, grace = rows([pages("Ada", at3=8, at4=1), pages("Grace", at12=4)])
    assert [ada.hours[hour].shade for hour in (3, 4, 5)] == [4, 1, 0]
    assert grace.hours[12].shade == 2
    assert [hour.hour for hour in ada.hours if hour.night] == [0, 1, 2, 3, 4, 5, 6, 22, 23]
    assert rows([pages("nobody")])[0].hours[0].shade == 0


HOSTILE = (
    "",
    "\0",
    "9" * 5000,
    "-1",
    "٣",
    "'\"<script>",
    "x" * 3000,
    "1e9",
    "2026-13-45T99:99",
    "http://",
    "a=\0",
    "{",
)


async def test_whatever_is_typed_is_answered(on_duty: Station, manager: Visitor) -> None:
    """Each field of each form with each of them; what is refused is told on the page, and nothing breaks."""
    ids = on_duty.office.ids
    layer = {"unit": "day", "starts": "2026-01-01T09:00", "people": [ids[ADA]]}
    draft = {"teamId": on_duty.team_id, "name": "day", "layers": [layer]}
    schedule = (await on_duty.office.good("POST", "/api/schedules", draft))["id"]
    kinds = ("wait", "notify-on-call", "notify-people", "only-between", "only-if-alerts", "go-to-step", "webhook")
    pages = (
        "people", f"people/{ids[LINUS]}", f"on-call/{schedule}", "on-call/new", "chains", "routes", "silences",
        "heartbeats", *(f"chains/{on_duty.chain_id}?kind={kind}&place=0" for kind in kinds),
    )  # fmt: skip
    verbs = {"steps": "insert", "layers": "save"}
    chain = await on_duty.office.good("GET", f"/api/chains/{on_duty.chain_id}")
    seen = set()
    for path in pages:
        # It would grow until there is no room for a step any more.
        await on_duty.office.good("PUT", f"/api/chains/{chain.pop('id', on_duty.chain_id)}", chain)
        for form in (await manager.get(f"/{path}")).forms():
            shape = (form.action, *sorted(form.fields), form.fields.get("kind"))
            if shape in seen or form.action in {"/logout", "/people"} or form.method == "get":
                continue
            seen.add(shape)
            verb = verbs.get(form.action.partition("#")[0].rpartition("/")[2], "")
            for field in form.fields.keys() - {"form", "sure"}:
                for value in HOSTILE:
                    known = {name: form.fields[name] for name in ("kind", "place") if name in form.fields}
                    action = form.action.partition("#")[0]
                    fresh = with_field(await manager.get(f"/{path}"), action, **known) if verb else form
                    answer = await manager.submit(fresh, **{"verb": verb, field: value})
                    what = (path, form.action, field, value[:20], told(answer)[:300])
                    assert answer.status < 500, what
                    assert answer.status == 404 or 'aria-label="On call"' in answer.text, what
    assert len(seen) > 25
    for path in pages:
        assert (await manager.get(f"/{path}")).status == 200, f"{path}: what was stored cannot be read"
