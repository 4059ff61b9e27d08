"""Franchisees and administrators in a browser without JavaScript: money line by line, and every deed with a reason."""

import csv
import io
from collections.abc import AsyncIterator

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.ledger.store import PostgresLedger
from tests.running import Running
from tests.visitor import Form, Page, Visitor, visiting


@pytest.fixture
async def admin(shop: Running) -> AsyncIterator[Visitor]:
    async with visiting(shop.url) as made:
        await made.log_in("a@jwt.com", "admin")
        yield made


async def test_money_is_explained_line_by_line(shop: Running, admin: Visitor, postgres: Postgres) -> None:
    """A sale, a free pizza and a refund: what the franchisee reads, the CSV, the audit log and the ledger agree."""
    diner = await shop.log_in()
    care = await deed(admin, "d@jwt.com", "grant", reason="=cmd|' /C calc'!A0")
    assert "Free pizza for life is granted." in care.text
    again = await admin.submit(care.form("/admin/care"), verb="grant", reason="twice")
    assert (again.status, "already" in again.text) == (409, True)
    free, sold, cold = [(await shop.order(diner, *ids)).json["order"] for ids in ((5, 1), (2,), (3, 3))]
    assert free["discount"] == 0.0099
    for reason, status in ((" ", 400), ("it came cold", 200), ("it came cold", 409)):
        answer = await deed(admin, str(cold["id"]), "refund", order=str(cold["id"]), reason=reason)
        assert answer.status == status, answer.text
    assert await PostgresLedger(postgres).broken() == []

    async with visiting(shop.url) as franchisee:
        await franchisee.log_in("f@jwt.com", "franchisee")
        home = await franchisee.get("/franchise")
        assert home.path == "/franchise/1"
        # 0.0137 and 0.0042 stay, of it 0.0099 from goodwill; 0.0084 went back.
        assert home.text.count("<dd>0.0179\N{NO-BREAK SPACE}BTC</dd>") == 3
        assert (
            "2 orders, of it 0.0099\N{NO-BREAK SPACE}BTC from goodwill; 0.0084\N{NO-BREAK SPACE}BTC refunded"
            in home.text
        )
        assert home.text.count('<rect class="bar-of"') == 1
        special = await franchisee.get("/franchise/1/books?show=special")
        assert "Refunded: it came cold" in special.text
        assert "goodwill paid the store" in special.text
        assert f"<strong>{sold['id']}</strong>" not in special.text
        file = await franchisee.get("/franchise/1/books.csv")
        assert "attachment" in file.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(file.text)))
        taken = {int(row["order"]): (row["taken BTC"], row["paid by goodwill BTC"], row["status"]) for row in rows}
        assert taken == {
            free["id"]: ("0.0137", "0.0099", "fulfilled"),
            sold["id"]: ("0.0042", "0.0000", "fulfilled"),
            cold["id"]: ("0.0000", "0.0000", "refunded"),
        }
        for query in ("since=x", "since=2026-01-02&until=2026-01-01", "since=1000-01-01&until=2026-01-01"):
            assert (await franchisee.get(f"/franchise/1/books?{query}")).status == 400
            assert (await franchisee.get(f"/franchise/1/books.csv?{query}")).status == 400
        for path in ("/franchise/2", "/franchise/0", "/franchise/1/stores/9/close", "/franchise/99/books.csv"):
            assert (await franchisee.get(path)).status == 404, path

        opened = await franchisee.submit(home.form("/franchise/1/stores"), name="=SUM(1) Provo")
        assert "=SUM(1) Provo" in opened.text
        refused = await franchisee.submit(home.form("/franchise/1/stores"), name="=SUM(1) Provo")
        assert (refused.status, "already" in refused.text) == (409, True)
        await shop.order(diner, 1, store=2)
        assert ",'=SUM(1) Provo,1," in (await franchisee.get("/franchise/1/books.csv")).text
        ask = await franchisee.get("/franchise/1/stores/2/close")
        assert "Close pizzaPocket =SUM(1) Provo?" in ask.text
        form = ask.forms()[-1]
        form.action = "/franchise/1/stores/2/close"
        await franchisee.submit(form)
        assert (await shop.order(diner, 1, store=2)).status == 404
        for path in ("/admin", "/admin/users", "/admin/menu", "/admin/care", "/admin/audit", "/admin/users/1"):
            assert (await franchisee.get(path)).status == 403, path

    log = (await admin.get("/admin/audit")).text
    told = ["closed store", "opened store", f"refunded order {cold['id']}: it came cold", "granted voucher of user"]
    assert [text for text in told if text not in log] == []
    assert log.index(told[0]) < log.index(told[1]) < log.index(told[2]) < log.index(told[3])
    only = (await admin.get(f"/admin/audit?verb=refunded&subject=order+{cold['id']}")).text
    assert only.count("<strong>常用名字</strong>") == 2, "in the header, and once in the log"


async def test_administrator_runs_the_place(shop: Running, admin: Visitor) -> None:
    page = await admin.get("/admin")
    refused = await admin.submit(page.form("/admin/franchises"), name="Roma", emails="nobody@x.com")
    assert (refused.status, refused.form("/admin/franchises").fields["name"]) == (404, "Roma")
    opened = await admin.submit(page.form("/admin/franchises"), name="Roma & Co", emails="d@jwt.com, f@jwt.com")
    assert "Roma &amp; Co" in opened.text
    assert "pizzaPocket" not in opened.text
    for number in range(11):
        await admin.submit(page.form("/admin/franchises"), name=f"Chain {number:02}", emails="")
    assert "More" in (await admin.get("/admin?name=chain")).text
    assert "Chain 10" in (await admin.get("/admin?name=chain&page=2")).text

    user = await admin.get("/admin/users/2")
    assert "Roma &amp; Co" in user.text
    form = appointing(user)
    wrong = await admin.submit(form, role="franchisee", franchise="Nowhere")
    assert (wrong.status, "name of an open franchise" in wrong.text) == (400, True)
    await admin.submit(form, role="engineer", franchise="")
    await admin.submit(form, role="franchisee", franchise="pizzaPocket")
    diner = await shop.log_in()
    roles = (await shop.call("GET", "/api/user/me", token=diner)).json["roles"]
    assert {"role": "engineer"} in roles
    assert {"role": "franchisee", "objectId": 1} in roles
    await admin.submit(form, verb="dismiss", role="engineer", franchise="")
    roles = (await shop.call("GET", "/api/user/me", token=diner)).json["roles"]
    assert {"role": "engineer"} not in roles
    own = await admin.submit(appointing(await admin.get("/admin/users/1")), verb="dismiss", role="admin", franchise="")
    assert own.status == 400

    token = await shop.log_in("a@jwt.com", "admin")
    await shop.call("PUT", "/api/user/3", {"name": "Fran", "password": "secret-of-fran"}, token=token)
    log = (await admin.get("/admin/audit?verb=changed")).text
    assert "changed user 3: name, password" in log
    assert "secret-of-fran" not in log

    close = (await admin.get("/admin/franchises/2/close")).forms()[-1]
    close.action = "/admin/franchises/2/close"
    await admin.submit(close)
    assert "Roma" not in (await admin.get("/admin?name=roma")).text.split("<table")[-1].split("Open a franchise")[0]

    menu = await admin.get("/admin/menu")
    adding = menu.forms()[-1]
    for price, status in (("x", 400), ("-1", 400), ("1e999999", 400), ("0.00410", 200)):
        answer = await admin.submit(adding, title="Hawaii", description="Ham and pineapple", price=price)
        assert answer.status == status
    items = (await shop.call("GET", "/api/order/menu")).json
    assert (items[-1]["title"], items[-1]["price"]) == ("Hawaii", 0.0041)
    number = str(items[-1]["id"])
    picture = next(part for part in answer.text.split('"') if part.startswith(f"/pictures/{number}.svg"))
    assert (await admin.get(picture)).text.startswith("<svg")
    words = {"item": number, "title": "Aloha", "description": "Ham, pineapple, chili", "price": "0.0055"}
    changed = await admin.submit(adding, verb="change", **words)
    assert picture not in changed.text
    assert (await shop.order(diner, int(number))).json["order"]["items"][0]["price"] == 0.0055
    await admin.submit(adding, verb="withdraw", **words)
    assert (await shop.order(diner, int(number))).status == 404
    assert "Aloha" in (await shop.call("GET", "/api/order", token=diner)).text
    assert (await admin.submit(adding, verb="withdraw", **words)).status == 404
    assert "changed menu item Aloha: Ham, pineapple, chili, 0.0055 BTC" in (await admin.get("/admin/audit")).text


async def test_every_voucher_is_listed_with_its_reason_its_cost_and_who_gave_it(
    shop: Running, admin: Visitor, postgres: Postgres
) -> None:
    page = await admin.get("/admin/vouchers")
    assert "There is no such voucher." in page.text
    give = page.form("/admin/vouchers")
    for email, reason, status in (("no@x.com", "why", 404), ("d@jwt.com", " ", 400), ("d@jwt.com", "=1+1 <b>", 200)):
        given = await admin.submit(give, email=email, reason=reason)
        assert given.status == status, given.text
    assert "Free pizza for life is granted." in given.text
    diner = await shop.log_in()
    await shop.order(diner, 5)
    other, _ = await shop.register("Amended", "amended@jwt.com")
    await amended(postgres, other)

    listed = (await admin.get("/admin/vouchers")).text
    assert listed.index("Amended") < listed.index("=1+1 &lt;b&gt;"), "the newest first"
    assert 'incident 7, for order <a href="/admin/care?sought=77">77</a>' in listed
    assert "by Olga On-Call" in listed
    assert f'<a href="/admin/users/{other}">Amended</a>' in listed
    assert (listed.count("Used once"), listed.count("Used 0 times")) == (1, 1)
    assert "0.0099\N{NO-BREAK SPACE}BTC" in listed
    for query, count in (("sought=INCIDENT+7", 1), ("sought=d%40jwt", 2), ("sought=%25", 0), ("state=valid", 2)):
        assert (await admin.get(f"/admin/vouchers?{query}")).text.count("Used ") == count, query

    taking = next(form for form in (await admin.get("/admin/vouchers")).forms() if form.fields.get("diner") == "2")
    assert (await admin.submit(taking, reason="")).status == 400
    assert "The voucher is revoked." in (await admin.submit(taking, reason="by mistake")).text
    assert (await admin.submit(taking, reason="by mistake")).status == 409
    revoked = (await admin.get("/admin/vouchers?state=revoked")).text
    assert "by 常用名字: by mistake" in revoked
    await shop.call("DELETE", f"/api/user/{other}", token=await shop.log_in("a@jwt.com", "admin"))
    gone = (await admin.get("/admin/vouchers?state=gone")).text
    assert f"User {other}, whose account is deleted" in gone

    file = await admin.get("/admin/vouchers.csv")
    assert "attachment" in file.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert [(row["user"], row["state"], row["times used"], row["cost of goodwill BTC"]) for row in rows] == [
        (str(other), "gone", "0", "0.0000"),
        ("2", "revoked", "1", "0.0099"),
    ]
    assert rows[1]["reason"] == "'=1+1 <b>"
    async with visiting(shop.url) as someone:
        await someone.log_in()
        for path in ("/admin/vouchers", "/admin/vouchers.csv"):
            assert (await someone.get(path)).status == 403


async def amended(postgres: Postgres, diner_id: int) -> None:
    """As amends of an incident leave it."""
    await postgres.execute(
        "test",
        """
        WITH plan AS (
            INSERT INTO shop.amends (incident, since, until, explanation, remedies, planned_at, planned_by)
            VALUES ('7', now() - interval '1 h', now(), 'x', '{}', now(), 'Olga On-Call')
        ), given AS (
            INSERT INTO shop.remedies VALUES (77, 'voucher', '7', $1, 0, now())
        )
        INSERT INTO shop.vouchers (diner_id, reason, granted_at) VALUES ($1, 'incident 7', now())
        """,
        diner_id,
    )


async def test_who_let_the_monkey_loose_is_in_the_audit_log(shop: Running, admin: Visitor) -> None:
    token = await shop.log_in("a@jwt.com", "admin")
    for switch in ("true", "false"):
        assert (await shop.call("PUT", f"/api/order/chaos/{switch}", token=token)).status == 200
    leak = {"probability": 0.5, "seconds": 60}
    assert (await shop.call("PUT", "/api/ops/chaos/leak", leak, token=token)).status == 200
    for _ in range(2):
        assert (await shop.call("DELETE", "/api/ops/chaos/leak", token=token)).status == 200
    log = (await admin.get("/admin/audit")).text
    assert log.count("ended the attack leak") == 1
    assert log.index("ended the attack leak") < log.index("started the attack leak")
    assert log.index("ended the chaos monkey") < log.index("started the chaos monkey")


async def deed(admin: Visitor, sought: str, verb: str, **fields: str) -> Page:
    page = await admin.get(f"/admin/care?sought={sought}")
    return await admin.submit(page.form("/admin/care"), verb=verb, sought=sought, **fields)


def appointing(page: Page) -> Form:
    return next(form for form in page.forms() if form.fields.get("verb") == "appoint")
