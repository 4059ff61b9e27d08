"""The engineer on call of a scenario: is reached by phone or mail, and does what the scenario says."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.drill.scenario import Action, Scenario, Way
from jwt_pizza.drill.stage import ENGINEER, Failed, Stage, until

_SAME: Final = timedelta(seconds=60)
"""Messages by phone and mail within this are one page."""
_AGAIN: Final = 300.0
"""Seconds until the next page, if nobody acknowledges."""
_LOOK: Final = 0.2
_FORM: Final = {"action": "acknowledge"}
EXPLANATION: Final = (
    "Our pizza factory failed while you ordered: you were charged, and your pizzas did not arrive. We are sorry."
)


class Done(msgspec.Struct, frozen=True):
    """What the responder did, and what came of it."""

    at: datetime
    do: str
    text: str


class _Group(msgspec.Struct):
    id: int


class _Groups(msgspec.Struct):
    groups: tuple[_Group, ...]


class _Attempt(msgspec.Struct, rename="camel"):
    id: int
    report_url: str | None


class _Reported(msgspec.Struct):
    status: int
    message: str


class _Plan(msgspec.Struct, rename="camel"):
    state: str
    needs_approval: bool
    letters_waiting: int
    finished_at: datetime | None


class Pages:
    """What has reached the engineer; several messages at the same time are one page."""

    def __init__(self) -> None:
        self._bell = asyncio.Condition()
        self.stage: Stage | None = None

    def watch(self, stage: Stage) -> None:
        self.stage = stage

    def ring(self) -> None:
        """For phone and mailbox, with each message."""
        if self.stage is not None:
            self.stage.expect(_AGAIN)
        ringing = asyncio.ensure_future(self._tell())
        ringing.add_done_callback(lambda done: done.exception())

    async def number(self, number: int) -> datetime:
        """When the page with this number, from 1, came; waits for it."""
        async with self._bell:
            await self._bell.wait_for(lambda: len(self.moments()) >= number)
        return self.moments()[number - 1]

    def moments(self) -> Sequence[datetime]:
        if self.stage is None:
            return ()
        mails = [letter.at for letter in self.stage.mailbox.letters if ENGINEER in letter.to]
        found: list[datetime] = []
        for moment in sorted([*(text.at for text in self.stage.phone.texts), *mails]):
            if not found or moment - found[-1] > _SAME:
                found.append(moment)
        return found

    async def _tell(self) -> None:
        async with self._bell:
            self._bell.notify_all()


class Responder:
    def __init__(self, stage: Stage, scenario: Scenario, way: Way, pages: Pages) -> None:
        self.stage = stage
        self._scenario = scenario
        self._way = way
        self.pages = pages
        self.done: list[Done] = []

    async def respond(self) -> None:
        async with asyncio.TaskGroup() as group:
            for action in self._scenario.setup(self._way).actions:
                group.create_task(self._in_time(action))

    async def _in_time(self, action: Action) -> None:
        if action.at is not None:
            moment = self._scenario.at(action.at)
        elif action.page is not None:
            moment = await self.pages.number(action.page)
        else:
            raise ValueError("an action needs a time")
        await until(self.stage, moment + timedelta(seconds=action.after))
        at = self.stage.clock.now()
        try:
            text = await self.do(action)
        except Failed as failure:
            text = f"it did not work: {failure}"
        self.done.append(Done(at, action.do, text))

    async def do(self, action: Action) -> str:
        """What came of it. Raises Failed."""
        match action.do:
            case "acknowledge":
                return await self.acknowledge()
            case "resolve":
                return await self.resolve()
            case "report-problem":
                return await self.report_problem()
            case "stop-chaos":
                return await self.stop_chaos()
            case "amends":
                return await self.amends()
            case "confirm":
                return await self._write_down("confirmation", action.text)
            case "note":
                return await self._write_down("note", action.text)

    async def acknowledge(self) -> str:
        """By the link in the last text; where there is none, or as it was, in the console."""
        link = self.stage.phone.texts[-1].link if self.stage.phone.texts else None
        if self._way == "as-built" and link is not None:
            status, _ = await self.stage.call("POST", link, form=_FORM)
            if status == 200:
                return "acknowledged by the link in the text"
        groups = await self._each_open("acknowledgement")
        return f"acknowledged {groups} alert groups"

    async def resolve(self) -> str:
        return f"resolved {await self._each_open('resolution')} alert groups"

    async def report_problem(self) -> str:
        """Finds the link in a failing answer of the factory, and visits it."""
        token = await self.stage.engineer(self.stage.shop)
        url = f"{self.stage.shop}/api/ops/attempts"
        attempts = await self.stage.ask(tuple[_Attempt, ...], "GET", f"{url}?failed=true&limit=100", token=token)
        found = next((attempt for attempt in attempts if attempt.report_url), None)
        if found is None:
            raise Failed("no answer of the factory has a report link")
        answered = await self.stage.ask(_Reported, "POST", f"{url}/{found.id}/report", token=token)
        return answered.message

    async def stop_chaos(self) -> str:
        await self.stage.ask(
            dict[str, msgspec.Raw],
            "DELETE",
            f"{self.stage.factory}/api/admin/chaos",
            token=self.stage.operator_key,
        )
        token = await self.stage.administrator()
        await self.stage.ask(dict[str, msgspec.Raw], "DELETE", f"{self.stage.shop}/api/ops/chaos/leak", token=token)
        return "every attack was ended"

    async def amends(self) -> str:
        """Of the incident; returns when everything is given and sent."""
        token = await self.stage.engineer(self.stage.ops)
        url = f"{self.stage.ops}/api/incidents/{await self._incident()}/amends"
        plan = await self.stage.ask(_Plan, "PUT", url, {"explanation": EXPLANATION}, token=token)
        if plan.needs_approval:
            await self.stage.ask(_Plan, "POST", f"{url}/approval", token=token)
        plan = await self.stage.ask(_Plan, "POST", f"{url}/execution", token=token)
        while plan.finished_at is None or plan.letters_waiting:
            await asyncio.sleep(_LOOK)
            plan = await self.stage.ask(_Plan, "GET", url, token=token)
        return "everybody was made whole"

    async def _write_down(self, kind: str, text: str) -> str:
        """On the incident's timeline; without an incident the drill alone remembers it."""
        token = await self.stage.engineer(self.stage.ops)
        incident = await self.stage.incident()
        if incident is None:
            return text
        url = f"{self.stage.ops}/api/incidents/{incident}/entries"
        await self.stage.ask(dict[str, msgspec.Raw], "POST", url, {"kind": kind, "text": text}, token=token)
        return text

    async def _incident(self) -> int:
        """The last one. Raises Failed when there is none."""
        found = await self.stage.incident()
        if found is None:
            raise Failed("no incident was declared")
        return found

    async def _each_open(self, noun: str) -> int:
        token = await self.stage.engineer(self.stage.ops)
        url = f"{self.stage.ops}/api/groups"
        groups = (await self.stage.ask(_Groups, "GET", f"{url}?status=open", token=token)).groups
        for group in groups:
            await self.stage.ask(dict[str, msgspec.Raw], "POST", f"{url}/{group.id}/{noun}", token=token)
        return len(groups)
