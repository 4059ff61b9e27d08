"""What the evidence suggests, until somebody who knows says it in their own words."""

from collections.abc import Iterator

from jwt_pizza.kernel.money import btc_text
from jwt_pizza.ops.reports.document import Block, Bullets, Line, code, line, paragraph
from jwt_pizza.ops.reports.findings import Findings
from jwt_pizza.ops.reports.model import Material
from jwt_pizza.ops.reports.roles import Cast
from jwt_pizza.ops.reports.wording import count, lasting, started


def root_cause(findings: Findings, *, public: bool) -> Iterator[Block]:
    trigger = attack(findings)
    if findings.leaks:
        connections = sum(leak.connections for leak in findings.leaks)
        blind = "" if findings.leaks_told else ", combined with a lack of visibility into connection state"
        yield paragraph(
            "A bug in connection pool handling led to leaked connections under failure conditions"
            f"{blind}: {count(connections, 'database connection')} "
            f"{'was' if connections == 1 else 'were'} taken and not given back."
        )
        if not public:
            yield Bullets(
                tuple(
                    line(
                        code(leak.line),
                        f" held {count(leak.connections, 'connection')}, the longest for {lasting(leak.seconds)}.",
                    )
                    for leak in findings.leaks
                )
            )
    if trigger:
        yield paragraph(f"{'It was triggered by' if findings.leaks else 'The issue was caused by'} {trigger}.")
    if not findings.leaks and not trigger:
        yield paragraph("The log holds no cause. Whoever knows it writes it here.")


def attack(findings: Findings) -> str:
    """Empty when there was none."""
    if findings.attack is None:
        return ""
    kind = f" of the kind {findings.attack.kind}" if findings.attack.kind else ""
    return f"a chaos attack{kind} on the factory's order endpoint"


def prevention(findings: Findings) -> Iterator[Block]:
    said = False
    if findings.attack is not None:
        said = True
        yield paragraph(
            "Whoever may reach the factory's chaos endpoint can trigger the attack again."
            + (
                " The in-house oven stood in, so that orders did not depend on the factory."
                if findings.stood_in
                else " Orders depended on the factory alone: nothing stood in for it."
            )
        )
    if findings.leaks:
        said = True
        yield paragraph("A connection that leaks is to be seen while it leaks, and taken back by itself.")
    if not said:
        yield paragraph("The log does not tell whether this can happen again. Whoever knows writes it here.")


def action_items(material: Material, findings: Findings, cast: Cast, *, public: bool) -> Iterator[Line]:
    impact, amends = findings.impact, material.incident.amends
    if findings.attack is not None and not findings.stood_in and findings.failed_at is not None:
        yield line(
            "Move the JWT Pizza Factory code into the JWT Pizza backend, so that orders depend on no external service."
        )
    if findings.leaks:
        yield line("Give every database connection back on failure, too, and show who holds which.")
    if impact is not None and impact.orders_charged:
        refund = (
            f"Refund the bitcoin of the {count(impact.orders_charged, 'order')} ({btc_text(impact.satoshis_charged)})"
        )
        done = max(impact.orders_compensated, amends.refunds if amends is not None else 0)
        yield line(f"{refund}: {_progress(done, impact.orders_charged)}.")
    if impact is not None and impact.diners_affected:
        what = "Email all affected customers and give them free pizza for life"
        if amends is None:
            yield line(f"{what} ({count(impact.diners_affected, 'customer')}): open.")
        else:
            yield line(
                f"{what} ({count(impact.diners_affected, 'customer')}): {count(amends.letters_sent, 'email')} sent, "
                f"{count(amends.vouchers, 'voucher')} given."
            )
    for follow_up in material.follow_ups:
        text = started(cast.masked(follow_up.text, public=public))
        if public:
            yield line(text)
            continue
        owner = f" Owner: {cast.naming(follow_up.owner_id)}." if follow_up.owner_id is not None else ""
        due = f" Due {follow_up.due_on}." if follow_up.due_on is not None else ""
        state = "" if follow_up.state == "open" else f" ({follow_up.state})"
        yield line(f"{text}{owner}{due}{state}")


def _progress(done: int, of: int) -> str:
    return "done" if done >= of else f"{done} of {of} done" if done else "open"
