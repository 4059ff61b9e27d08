"""Escalation and messages, wired."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Final

from litestar.di import Provide

from jwt_pizza.apps.ops import channels
from jwt_pizza.apps.ops.alerts import Alerting
from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.apps.ops.people import Crew, site_pages
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit import metrics
from jwt_pizza.kit.bell import Bell, whenever
from jwt_pizza.kit.periodic import every
from jwt_pizza.kit.pulse import Pulse
from jwt_pizza.ops.audit import routes as audit
from jwt_pizza.ops.audit.service import AuditDesk
from jwt_pizza.ops.audit.store import PostgresTrail
from jwt_pizza.ops.blackout.notebook import Files
from jwt_pizza.ops.blackout.service import Lifeline
from jwt_pizza.ops.blackout.store import PostgresRecollection
from jwt_pizza.ops.chains import routes as chains
from jwt_pizza.ops.chains.service import ChainDesk
from jwt_pizza.ops.chains.store import PostgresChains
from jwt_pizza.ops.channels.gateway import Pinger
from jwt_pizza.ops.paging import routes
from jwt_pizza.ops.paging.audit import Auditor
from jwt_pizza.ops.paging.desk import PageDesk
from jwt_pizza.ops.paging.ledger import PostgresLedger
from jwt_pizza.ops.paging.links import Seal
from jwt_pizza.ops.paging.sender import Sender
from jwt_pizza.ops.paging.service import Escalator
from jwt_pizza.ops.paging.store import PostgresEscalations, PostgresOutbox
from jwt_pizza.ops.people.store import PostgresThrottle
from jwt_pizza.ops.replies import pages
from jwt_pizza.ops.replies import routes as callbacks
from jwt_pizza.ops.replies.pages import BuiltIn
from jwt_pizza.ops.replies.routes import Callbacks
from jwt_pizza.ops.replies.service import LinkDesk, TextDesk
from jwt_pizza.ops.replies.store import PostgresReplies
from jwt_pizza.ops.schedules.model import OnCall
from jwt_pizza.ops.statistics import routes as statistics
from jwt_pizza.ops.statistics.service import StatisticsDesk
from jwt_pizza.ops.statistics.store import PostgresRecords

_EVERY: Final = 1.0
"""Seconds after which an engine looks for what no bell told of."""
_SENDERS: Final = 4
"""At a time: one that waits for a slow provider holds up no other."""
_BEAT_EVERY: Final = 0.5
_REMEMBER_EVERY: Final = 3.0
_AUDIT_EVERY: Final = 60.0


class Paging:
    """The pager of one process."""

    def __init__(self, base: Base, crew: Crew, schedules: OnCall, alerting: Alerting) -> None:
        settings, postgres, clock = base.settings, base.postgres, base.clock
        people = crew.book
        self.exchange = channels.exchange(settings)
        self.address = channels.public_address(settings)
        self.outbox = PostgresOutbox(postgres)
        self.ledger = PostgresLedger(postgres)
        self.replies = PostgresReplies(postgres)
        self.to_send = Bell()
        self.seal = Seal(lambda: self.lifeline.key, self.address)
        self.pulse = Pulse(base.database_url, "jwt-pizza ops pulse")
        self.files = Files(
            settings.data_home / "pager", lambda file, error: base.log.error("the pager's notes", error, file=file)
        )
        self.lifeline = Lifeline(
            self.pulse,
            PostgresRecollection(postgres, people, schedules),
            self.files,
            self.exchange.channel,
            self.seal,
            base.events,
            clock,
        )
        self.escalator = Escalator(
            PostgresEscalations(postgres),
            people,
            schedules,
            alerting.desk,
            clock,
            queued=self.to_send.ring,
            failed=lambda group, error: base.log.error("a chain cannot be followed", error, group=group),
        )
        self.sender = Sender(
            self.outbox,
            self.exchange.channel,
            people,
            self.seal,
            clock,
            more=lambda: _ring(base.bell, self.to_send),
            failed=lambda message, error: base.log.error("a message cannot be worded", error, message=message),
            sent=lambda channel, seconds: metrics.PAGE_LATENCY.labels(channel).observe(seconds),
        )
        metrics.OUTBOX_AGE.labels("pages")
        self.auditor = Auditor(
            self.ledger,
            alerting.intake,
            Pinger(self.exchange.http, settings.deadman_url) if settings.deadman_url else None,
            clock,
            saw=_count,
        )
        self.chain_desk = ChainDesk(PostgresChains(postgres), clock)
        self.page_desk = PageDesk(self.ledger, self.outbox, people, self.seal, clock, queued=self.to_send.ring)
        self.link_desk = LinkDesk(self.replies, alerting.desk, self.seal, self.lifeline, base.events, clock)
        self.text_desk = TextDesk(
            self.replies,
            alerting.desk,
            people,
            PostgresThrottle(postgres),
            self.lifeline,
            alerting.refusals,
            clock,
        )

    async def beat(self) -> None:
        await self.lifeline.step()
        metrics.DATABASE_AWAY.set(1 if self.lifeline.going_on else 0)


def part(base: Base, crew: Crew, schedules: OnCall, alerting: Alerting) -> Part:
    made = Paging(base, crew, schedules, alerting)
    for name in ("sms", "email", "apprise"):
        crew.couriers.use(name, _courier(made, name))
    built_in = BuiltIn(
        phone="sms" in made.exchange.built_in,
        mailbox="email" in made.exchange.built_in,
        open_to_all=base.settings.demo,
        shown={channel: channels.drawer(base.settings, channel).last for channel in ("sms", "email")},
    )
    callback = Callbacks(made.address, made.exchange.tokens, made.outbox, base.clock)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        await made.exchange.http.open()
        try:
            await made.lifeline.refresh()
        except Refusal as refusal:
            base.log.warning("started without a database", reason=refusal.message)
        tasks = [asyncio.create_task(task) for task in _work(base, made)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            made.pulse.close()
            made.files.close()
            made.exchange.everything.close()
            await made.exchange.http.close()

    given: dict[str, object] = {
        "chain_desk": made.chain_desk,
        "page_desk": made.page_desk,
        "link_desk": made.link_desk,
        "text_desk": made.text_desk,
        "callbacks": callback,
        "built_in": built_in,
        "audit_desk": AuditDesk(PostgresTrail(base.postgres), crew.book),
        "statistics_desk": StatisticsDesk(PostgresRecords(base.postgres), base.clock),
    }
    return Part(
        handlers=[
            chains.router,
            routes.router,
            statistics.router,
            audit.router,
            callbacks.router,
            pages.link_router,
            site_pages(crew.site, [pages.router]),
        ],
        dependencies={name: _provided(value) for name, value in given.items()},
        running=running,
    )


def _work(base: Base, made: Paging) -> Iterator[Coroutine[object, object, None]]:
    clock, log = base.clock, base.log
    yield every(_REMEMBER_EVERY, "remember the roster", made.lifeline.refresh, clock, log)
    yield every(_BEAT_EVERY, "feel the database's pulse", made.beat, clock, log)
    yield whenever(base.bell, _EVERY, "escalate", made.escalator.step, clock, log)
    for _ in range(_SENDERS):
        yield whenever(made.to_send, _EVERY, "send messages", made.sender.step, clock, log)
    yield every(_EVERY, "remind", made.escalator.remind, clock, log)
    yield every(_AUDIT_EVERY, "audit escalations", made.auditor.step, clock, log)


def _courier(made: Paging, channel: str) -> Callable[[str, str, str], Awaitable[None]]:
    async def send(address: str, subject: str, text: str) -> None:
        await made.exchange.post(channel, address, subject, text)

    return send


def _ring(*bells: Bell) -> None:
    for bell in bells:
        bell.ring()


def _count(delayed: int, oldest: float) -> None:
    metrics.ESCALATIONS_DELAYED.inc(delayed)
    metrics.OUTBOX_AGE.labels("pages").set(oldest)


def _provided(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
