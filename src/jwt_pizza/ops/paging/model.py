"""Pages: what is to be sent to whom, and what became of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.alerts.model import GroupStatus, Severity, Via
from jwt_pizza.ops.events.model import Event

Kind = Literal["page", "reminder", "test", "webhook", "notice"]
NotificationStatus = Literal["queued", "sent", "delivered", "failed", "void"]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A group whose escalation goes on now, claimed by whoever reads it. `chain`: as it was when it began."""

    id: int
    title: str
    severity: Severity
    generation: int
    chain_id: int | None
    team_id: int | None
    chain: str
    """JSON."""
    step: int
    visits: dict[str, int]
    due_at: datetime
    opened_at: datetime
    fired_at: tuple[datetime, ...] = ()


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """A notification to be put into the outbox."""

    key: str
    kind: Kind
    channel: str
    address: str
    created_at: datetime
    send_at: datetime
    group_id: int | None = None
    generation: int | None = None
    page: int = 0
    person_id: int = 0
    contact_id: int | None = None
    subject: str = ""
    body: str = ""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one group's escalation."""

    group_id: int
    step: int
    visits: dict[str, int]
    next_at: datetime
    notifications: tuple[Queued, ...]
    events: tuple[Event, ...]
    resolve: bool = False


class Moves(msgspec.Struct, frozen=True):
    """`turns`: of each chain and notify-next step, how often it was taken by now."""

    moves: Sequence[Move]
    turns: Mapping[int, Mapping[int, int]]


Decide = Callable[[Sequence[Due], Mapping[int, Mapping[int, int]]], Moves]
"""(groups that are due, the turns of their chains) → what becomes of them. Called while they are locked: no waiting."""


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """A group that somebody acknowledged, and whose reminder is due."""

    id: int
    generation: int
    acknowledged_by: str | None
    remind_at: datetime


DecideReminder = Callable[[Acknowledged], Sequence[Queued]]


class Escalations(Protocol):
    """The port to groups whose escalation is due."""

    async def any_due(self, now: datetime) -> bool: ...
    async def advance(self, now: datetime, take: int, decide: Decide) -> Sequence[Move]:
        """One commit. What others have claimed is left to them."""
        ...

    async def remind(self, now: datetime, take: int, decide: DecideReminder) -> int:
        """Acknowledged groups whose reminder is due; how many that were."""
        ...


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that is due, with what is to be told of its group."""

    id: int
    kind: Kind
    group_id: int | None
    generation: int | None
    page: int
    held: bool
    attempts: int
    created_at: datetime
    send_at: datetime
    subject: str
    body: str
    reply_code: int | None
    message_id: int | None
    group: "Told | None" = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A group as a message tells it. `summary`: of its latest alert that fires. `code`: by which it was told before."""

    id: int
    title: str
    summary: str
    severity: Severity
    status: GroupStatus
    generation: int
    firing: int
    opened_at: datetime
    silenced_until: datetime | None
    code: int | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A way to somebody, claimed. `recent`: when messages went out on it, oldest first."""

    person_id: int
    channel: str
    address: str
    last_at: datetime | None
    last_group_id: int | None
    recent: tuple[datetime, ...]
    last_code: int


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One message on a line, which tells of one notification or of many."""

    message_id: int
    notifications: tuple[Waiting, ...]
    code: int | None

    @property
    def id(self) -> str:
        """The same when it is sent again, and another one in any other database."""
        return f"page-{self.message_id}-{min(each.created_at for each in self.notifications).timestamp():.0f}"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is done on a line now. `held`: notifications that wait until `until`, to be bundled."""

    void: tuple[int, ...] = ()
    letter: Letter | None = None
    held: tuple[int, ...] = ()
    until: datetime | None = None
    last_code: int = 0


class Parcel(msgspec.Struct, frozen=True):
    """A letter and the line that it goes out on. `claim` tells who may say what became of it."""

    line: Line
    letter: Letter
    claim: UUID


Sort = Callable[[Line, Sequence[Waiting], datetime], Plan]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Taken by the provider. `confirm_by`: until when it must have told what became of it; None: it never tells."""

    provider: str
    provider_id: str | None
    subject: str
    body: str
    confirm_by: datetime | None


class NotSent(msgspec.Struct, frozen=True, kw_only=True):
    """`retry_at` None: it was tried often enough."""

    error: str
    retry_at: datetime | None


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that will not arrive. `tried`: the contacts by which this page was sent to its person."""

    id: int
    kind: Kind
    group_id: int
    generation: int
    page: int
    person_id: int
    tried: tuple[int, ...]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's word on a message. `arrived` None: on its way, as far as the provider ever knows."""

    message_id: int
    provider: str
    provider_id: str
    arrived: bool | None
    error: str = ""


class Outbox(Protocol):
    """The port to stored notifications."""

    async def queue(self, notifications: Sequence[Queued]) -> Sequence[int]:
        """The ids of those that were not queued before."""
        ...

    async def claim(self, now: datetime, until: datetime, take: int, sort: Sort) -> Sequence[Parcel]:
        """Of lines on which something is due and nobody sends. What is claimed comes again after `until`."""
        ...

    async def sent(self, parcel: Parcel, sent: Sent, now: datetime) -> bool:
        """False when the claim was over, and somebody else has the line."""
        ...

    async def not_sent(self, parcel: Parcel, failure: NotSent, now: datetime) -> bool: ...
    async def receipt(self, receipt: Receipt, now: datetime) -> bool:
        """False when there is no such message."""
        ...

    async def lost(self, now: datetime, until: datetime, take: int) -> Sequence[Lost]:
        """What failed, or was not confirmed in time by a provider that confirms, and has not been replaced. Claimed
        until then."""
        ...

    async def replace(self, lost: Lost, by: Queued | None, now: datetime) -> bool:
        """Queues another way to the same person. Without one, and when the whole page reached nobody, the escalation
        goes on at once: True."""
        ...


class Delay(msgspec.Struct, frozen=True):
    """A group whose escalation did not go on."""

    group_id: int
    was_due: datetime


class Notified(Wire, frozen=True):
    """A notification as people look at it. `personId` 0: a webhook."""

    id: int
    kind: Kind
    page: int
    person_id: int
    channel: str
    status: NotificationStatus
    attempts: int
    provider: str | None
    error: str | None
    created_at: datetime
    sent_at: datetime | None
    receipt_at: datetime | None


class Ledger(Protocol):
    """The port to what the auditor looks at."""

    async def mend(self, now: datetime, late_before: datetime) -> Sequence[Delay]:
        """Makes escalations go on that should have before; one commit with their events."""
        ...

    async def oldest(self, now: datetime) -> datetime | None: ...
    async def of_group(self, group_id: int) -> Sequence[Notified]: ...


class GroupDesk(Protocol):
    """What people do about a group, from wherever they are: the verbs of alerts. Each raises NotFound, Conflict."""

    async def acknowledge(self, group_id: int, *, by: str, via: Via) -> object: ...
    async def resolve(self, group_id: int, *, by: str, via: Via) -> object: ...
    async def escalate(self, group_id: int, *, by: str, via: Via) -> object: ...
