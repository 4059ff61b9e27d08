"""`jwt-pizza oncall people`"""

import click
from rich.console import Console
from rich.table import Table

from jwt_pizza.apps.ops.people import limits_of
from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.naming import person_id
from jwt_pizza.cli.session import with_database
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings
from jwt_pizza.ops.people.cards import ContactCard, PersonCard, ReachableCard
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.people.store import PostgresPeople
from jwt_pizza.web.api import Message

_WHO = click.argument("who", metavar="PERSON")


@click.group()
def command() -> None:
    """Who is in the roster, and how they are reached. PERSON is a number, a mail address or a name."""


@command.command("list")
def list_() -> None:
    """Everybody in the roster.

    \b
    Example:
      jwt-pizza oncall people list
    """
    table = Table("id", "name", "email", "role", "time zone")
    for person in ask("GET", "/api/people", list[PersonCard]):
        table.add_row(str(person.id), person.name, person.email or "", person.role, person.time_zone)
    Console(markup=False).print(table)


@command.command()
@click.option("--name", required=True)
@click.option("--email", help="The address to log in with.")
@click.option("--manager", is_flag=True, help="They may also change roster, schedules, chains and routes.")
@click.option("--time-zone", default="UTC", show_default=True, help="Such as Europe/Berlin.")
@click.option("--first", is_flag=True, help="The first manager of an empty roster: straight into the database.")
@click.option("--password", help="Better not given, so that no history keeps it: it is asked for.")
@click.option("--no-password", is_flag=True, help="They are paged, but cannot log in.")
def add(
    name: str, email: str | None, manager: bool, time_zone: str, first: bool, password: str | None, no_password: bool
) -> None:
    """Add somebody. The first manager needs no running ops: say --first.

    \b
    Examples:
      jwt-pizza oncall people add --first --name Ada --email ada@example.com
      jwt-pizza oncall people add --name Grace --email grace@example.com --time-zone America/Denver
    """
    if email is not None and password is None and not no_password:
        password = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    if first:
        if email is None or password is None:
            raise click.UsageError("the first manager must be able to log in: give --email and a password")
        _add_first(name, email, password, time_zone)
        click.echo(f"{email} is a manager and may log in")
        return
    body = {"name": name, "email": email, "password": password, "timeZone": time_zone}
    added = ask("POST", "/api/people", PersonCard, body | {"role": "manager" if manager else "responder"})
    click.echo(f"{added.name} is person {added.id}")


@command.command()
@_WHO
def show(who: str) -> None:
    """How somebody is reached, in which order.

    \b
    Example:
      jwt-pizza oncall people show ada@example.com
    """
    person = ask("GET", f"/api/people/{person_id(who)}", ReachableCard)
    click.echo(f"{person.name} ({person.role}), {person.email or 'cannot log in'}, {person.time_zone}")
    table = Table("contact", "channel", "address", "state", "by default after", "when important after")
    for contact in person.contacts:
        delays = [
            ", ".join(f"{rule.delay:g} s" for rule in rules if rule.contact_id == contact.id)
            for rules in (person.rules.default, person.rules.important)
        ]
        table.add_row(str(contact.id), contact.channel, contact.address, _state(contact), *delays)
    Console(markup=False).print(table)


@command.command()
@_WHO
def remove(who: str) -> None:
    """Remove somebody whom no schedule, chain or team names any more.

    \b
    Example:
      jwt-pizza oncall people remove 7
    """
    click.echo(ask("DELETE", f"/api/people/{person_id(who)}", Message).message)


@command.command("contact")
@_WHO
@click.argument("channel", type=click.Choice(["sms", "email", "apprise"]))
@click.argument("address")
def add_contact(who: str, channel: str, address: str) -> None:
    """Add a contact, and send it a code: `verify` takes what arrived.

    \b
    Examples:
      jwt-pizza oncall people contact ada@example.com sms +4915112345678
      jwt-pizza oncall people contact 7 apprise ntfys://ntfy.example/pages
    """
    body = {"channel": channel, "address": address}
    contact = ask("POST", f"/api/people/{person_id(who)}/contacts", ContactCard, body)
    click.echo(f"contact {contact.id}: {contact.address}")
    click.echo(ask("POST", f"/api/contacts/{contact.id}/code", Message).message)


@command.command()
@click.argument("contact", type=int)
@click.argument("code", required=False)
def verify(contact: int, code: str | None) -> None:
    """Verify a contact by the code that arrived there; without a code a new one is sent.

    \b
    Example:
      jwt-pizza oncall people verify 3 481516
    """
    if code is None:
        click.echo(ask("POST", f"/api/contacts/{contact}/code", Message).message)
        return
    verified = ask("POST", f"/api/contacts/{contact}/verification", ContactCard, {"code": code})
    click.echo(f"{verified.address} is verified")


@command.command("drop-contact")
@click.argument("contact", type=int)
def drop_contact(contact: int) -> None:
    """Remove a contact and the rules that use it.

    \b
    Example:
      jwt-pizza oncall people drop-contact 3
    """
    click.echo(ask("DELETE", f"/api/contacts/{contact}", Message).message)


def _state(contact: ContactCard) -> str:
    if contact.opted_out:
        return "opted out"
    return "verified" if contact.verified else "not verified"


def _add_first(name: str, email: str, password: str, time_zone: str) -> None:
    async def work(postgres: Postgres, settings: Settings) -> None:
        clock, passwords = SystemClock(), Passwords()
        desk = PeopleDesk(PostgresPeople(postgres, clock), passwords, limits_of(settings), clock)
        try:
            await desk.add_first(name=name, email=email, password=password, time_zone=time_zone)
        finally:
            passwords.close()

    with_database(work)
