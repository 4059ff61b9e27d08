"""Looks at everything at once."""

from datetime import timedelta

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.ops.coverage.model import PlanBook, Report, Survey
from jwt_pizza.ops.people.model import People
from jwt_pizza.ops.schedules.service import ScheduleDesk


class CoverageDesk:
    def __init__(self, people: People, schedules: ScheduleDesk, plans: PlanBook, clock: Clock) -> None:
        self._people = people
        self._schedules = schedules
        self._plans = plans
        self._clock = clock

    async def report(self, days: int) -> Report:
        now = self._clock.now()
        schedules = {schedule.id: schedule for schedule in await self._schedules.all()}
        roster, plans = await self._people.roster(), await self._plans.plans()
        return Survey(roster, schedules, plans, now, now + timedelta(days=days)).report()
