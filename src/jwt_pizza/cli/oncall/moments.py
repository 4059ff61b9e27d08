"""Moments on the command line, and how they are shown."""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import click

from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.wallclock import wall, zone_of


class Moment(click.ParamType[datetime]):
    """`2026-06-05T05:14Z`, or with an offset."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is not a time such as 2026-06-05T05:14Z", param, ctx)
        if found.tzinfo is None:
            self.fail(f"{value} must say its zone, as in 2026-06-05T05:14Z or 2026-06-05T07:14+02:00", param, ctx)
        return found


MOMENT: Final = Moment()


def query(**moments: datetime | None) -> str:
    given = {name: iso(moment) for name, moment in moments.items() if moment is not None}
    return f"?{urlencode(given)}" if given else ""


def shown(date: str, zone: str) -> str:
    """`Mon 8 Jun 09:00 Europe/Berlin (07:00 UTC)`; the day too where that is another one in UTC."""
    moment = datetime.fromisoformat(date)
    local, utc = wall(moment, zone_of(zone)), wall(moment, zone_of("UTC"))
    if zone == "UTC":
        return f"{utc:%a} {utc.day} {utc:%b %H:%M} UTC"
    also = f"{utc:%H:%M}" if local.date() == utc.date() else f"{utc:%a} {utc.day} {utc:%b %H:%M}"
    return f"{local:%a} {local.day} {local:%b %H:%M} {zone} ({also} UTC)"
