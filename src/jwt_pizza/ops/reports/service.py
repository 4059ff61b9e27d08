"""Reports: made when somebody looks, and the words of people in them kept."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Conflict, Forbidden, NotFound, Refusal
from jwt_pizza.ops.incidents.model import Incidents
from jwt_pizza.ops.incidents.remote import Minute
from jwt_pizza.ops.people.model import People
from jwt_pizza.ops.reports.document import Document
from jwt_pizza.ops.reports.markdown import markdown
from jwt_pizza.ops.reports.model import (
    Archive,
    Edition,
    Material,
    OrdersPerMinute,
    Place,
    Publisher,
    Reports,
    Saved,
    Saving,
    Stale,
    Standing,
    Version,
    Words,
    checked,
)
from jwt_pizza.ops.reports.sections import document, suggested

_AROUND: Final = timedelta(minutes=5)
_LONGEST: Final = timedelta(days=6)


class Shelf:
    """Puts together what a report is made from."""

    def __init__(self, incidents: Incidents, people: People, orders: OrdersPerMinute, clock: Clock) -> None:
        self._incidents = incidents
        self._people = people
        self._orders = orders
        self._clock = clock

    async def material(self, incident_id: int) -> Material:
        incident = await self._incidents.get(incident_id)
        if incident is None:
            raise NotFound(f"there is no incident {incident_id}")
        if incident.merged_into is not None:
            raise Conflict(
                f"incident {incident_id} went into incident {incident.merged_into}: ask for that one's report"
            )
        timeline, follow_ups, roster, minutes = await asyncio.gather(
            self._incidents.timeline(incident_id),
            self._incidents.follow_ups(incident_id),
            self._people.roster(),
            self._minutes(incident.started_at, incident.resolved_at),
        )
        names = {person_id: found.person.name for person_id, found in roster.people.items()}
        return Material(incident=incident, timeline=timeline, follow_ups=follow_ups, minutes=minutes, names=names)

    async def _minutes(self, started_at: datetime, resolved_at: datetime | None) -> Sequence[Minute]:
        """None of them when the shop does not answer: a report without a chart is better than none."""
        since = started_at - _AROUND
        until = min((resolved_at or self._clock.now()) + _AROUND, since + _LONGEST)
        try:
            return await self._orders.read(since, until)
        except Refusal:
            return ()


class ReportDesk:
    def __init__(
        self,
        reports: Reports,
        archive: Archive,
        publisher: Publisher,
        clock: Clock,
        *,
        zone: str,
        published: Callable[[], None] = lambda: None,
    ) -> None:
        """`zone` is that of titles. `published` is called after each publication."""
        self._reports = reports
        self._archive = archive
        self._publisher = publisher
        self._clock = clock
        self._zone = zone
        self._published = published

    async def last(self, incident_id: int) -> Version:
        return await self._reports.last(incident_id)

    async def draw(self, incident_id: int, *, public: bool = False, words: Words | None = None) -> Document:
        """`words` that are not saved yet; otherwise the last ones that were. Raises NotFound."""
        material = await self._archive.material(incident_id)
        if words is None:
            words = (await self._reports.last(incident_id)).words
        else:
            checked(words)
        return document(material, words, Edition(public=public, zone=self._zone))

    async def suggest(self, incident_id: int) -> Mapping[Place, str]:
        """What the evidence suggests, for people to start from. Raises NotFound."""
        material = await self._archive.material(incident_id)
        return suggested(material, (await self._reports.last(incident_id)).words)

    async def save(self, incident_id: int, saving: Saving, *, by: str) -> Version:
        """Raises Stale when somebody else has saved meanwhile; NotFound."""
        text = markdown(await self.draw(incident_id, words=saving))
        last = (await self._reports.last(incident_id)).version
        if saving.version != last:
            raise Stale(last)
        saved = await self._reports.save(incident_id, saving, text, by=by, at=self._clock.now())
        if saved is None:
            raise Stale((await self._reports.last(incident_id)).version)
        return saved

    async def versions(self, incident_id: int) -> Sequence[Saved]:
        return await self._reports.versions(incident_id)

    async def version(self, incident_id: int, version: int) -> tuple[Version, str]:
        """With the whole report as it was then."""
        found = await self._reports.version(incident_id, version)
        if found is None:
            raise NotFound(f"the report of incident {incident_id} has no version {version}")
        return found

    async def standing(self, incident_id: int) -> Standing:
        return await self._publisher.standing(incident_id)

    async def publish(self, incident_id: int, *, by: str, manages: bool) -> None:
        """The public edition, as it is now, onto the status page. Raises Forbidden, NotFound."""
        if not manages:
            raise Forbidden("only managers publish a report")
        made = await self.draw(incident_id, public=True)
        await self._publisher.publish(incident_id, made, by=by, at=self._clock.now())
        self._published()
