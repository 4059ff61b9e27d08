"""Alerts into PostgreSQL: all posts that wait in this process become one commit.

A batch first asks which of its alerts tell anything new, unless the one before it was mostly new; only those take the
lock under which one batch at a time, over all processes, decides what becomes of groups (board.py).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit.batching import Batch, Full
from jwt_pizza.kit.postgres import Connection, Postgres, Row
from jwt_pizza.ops.alerts.board import LATE, Board, tells_nothing_new
from jwt_pizza.ops.alerts.identity import Known
from jwt_pizza.ops.alerts.rows import GroupRow
from jwt_pizza.ops.alerts.writing import SQL, alert_row, group_row, write
from jwt_pizza.ops.routing import reading
from jwt_pizza.ops.routing.model import Placed, Rules

CHUNK: Final = 500
"""Alerts of one post that are stored together; more are several commits, one after the other."""
_FEW: Final = 8
_AT_ONCE: Final = 2000
_LONG: Final = 60.0
"""Seconds that looking at everything that fires may take."""


class PostgresAlerts:
    def __init__(self, postgres: Postgres, clock: Clock, *, ring: Callable[[], object] = lambda: None) -> None:
        """`ring` is called after a commit that may have given the pager work."""
        self._postgres = postgres
        self._clock = clock
        self._ring = ring
        self._rules: Rules | None = None
        # The last batch was mostly new: to ask the next one before it takes the lock would be in vain.
        self._storm = False
        # Apart, so that a batch is neither many small nor few enormous posts.
        self._small: Batch[Sequence[Known], None] = Batch(self._take, most=512, waiting=8192)
        self._large: Batch[Sequence[Known], None] = Batch(self._take, most=40, waiting=512)

    async def close(self) -> None:
        await self._small.close()
        await self._large.close()

    async def take(self, alerts: Sequence[Known]) -> None:
        """Returns after the commit."""
        batch = self._small if len(alerts) <= _FEW else self._large
        try:
            for start in range(0, len(alerts), CHUNK):
                await batch.ask(alerts[start : start + CHUNK])
        except Full:
            raise Unavailable("too many alerts at this moment, please send them again", retry_after=2) from None

    async def end_stale(self, before: datetime) -> int:
        """Alerts whose time was up before then are over."""
        if not await self._postgres.fetchval("alerts.any_stale", SQL["any_stale"], before):
            # The lock is not for asking: whoever stores alerts would wait for it each second.
            return 0
        now = self._clock.now()
        async with self._postgres.lease("alerts.stale", allowance=_LONG) as connection, connection.transaction():
            await reading.locked(connection)
            rows = await connection.fetch(SQL["stale"], before, _AT_ONCE)
            if rows:
                rules = await reading.current(connection, self._rules, now)
                board, groups = await _board(connection, rules, now, rows)
                board.add_inhibiting(await _inhibiting(connection, {key for row in rows for key in row["inhibits"]}))
                for row in rows:
                    alert = alert_row(row, groups)
                    board.add_alert(alert)
                    board.end(alert, "stale", row["stale_at"])
                await self._conclude(connection, board, rules, now)
        self._rang(bool(rows))
        return len(rows)

    async def end_acknowledgements(self) -> int:
        """Groups that were acknowledged for longer than their route allows fire again."""
        now = self._clock.now()
        async with self._postgres.lease("alerts.unacknowledge") as connection, connection.transaction():
            rows = await connection.fetch(SQL["acknowledged_too_long"], now)
            if rows:
                board = Board(await reading.current(connection, self._rules, now), now)
                for row in rows:
                    group = group_row(row)
                    board.add_group(group)
                    board.unacknowledge(group, "it was acknowledged for long, and still fires")
                board.settle()
                await write(connection, board, now)
        self._rang(bool(rows))
        return len(rows)

    async def look_again(self) -> int:
        """After silences began or ended, or inhibition rules changed: whether what fires is muted. How many alerts it
        looked at."""
        now = self._clock.now()
        if not await reading.any_due(self._postgres, now):
            return 0
        looked = 0
        async with self._postgres.lease("alerts.look_again", allowance=_LONG) as connection, connection.transaction():
            await reading.locked(connection)
            silences, rules_changed = await reading.due(connection, now)
            if silences or rules_changed:
                rules = await reading.current(connection, None, now)
                begun = any(silence.kind == "maintenance" and silence.mutes_at(now) for silence in silences)
                if rules_changed:
                    # First the keys of all, then what they come to.
                    await self._walk(connection, "all_firing", (), rules, now, rekey=True)
                query = "all_firing" if begun or rules_changed else "muted"
                looked = await self._walk(connection, query, (), rules, now)
        self._rang(looked > 0)
        return looked

    async def _take(self, posts: Sequence[Sequence[Known]]) -> Sequence[None]:
        now = self._clock.now()
        news: Sequence[Known]
        alerts = news = [alert for post in posts for alert in post]
        async with self._postgres.lease("alerts.take") as connection:
            if not self._storm:
                rows = await connection.fetch(SQL["peek"], list({alert.fingerprint for alert in alerts}))
                news = _news(alerts, rows, now)
            if news:
                async with connection.transaction():
                    news = await self._decide(connection, news, now)
        self._storm = 2 * len(news) > len(alerts)
        self._rang(bool(news))
        return [None] * len(posts)

    async def _decide(self, connection: Connection, alerts: Sequence[Known], now: datetime) -> Sequence[Known]:
        """Those that told anything new."""
        await reading.locked(connection)
        rules = self._rules = await reading.current(connection, self._rules, now)
        fingerprints = list({alert.fingerprint for alert in alerts})
        firing = await connection.fetch(SQL["firing"], fingerprints)
        alerts = _news(alerts, firing, now)
        if not alerts:
            return alerts
        known = {row["fingerprint"] for row in firing}
        placed = {
            alert.fingerprint: rules.place(alert.labels)
            for alert in alerts
            if alert.ends_at is None and alert.fingerprint not in known
        }
        keys = {place.key for place in placed.values()}
        board, groups = await _board(connection, rules, now, firing, keys, placed)
        for row in firing:
            board.add_alert(alert_row(row, groups))
        for row in await connection.fetch(SQL["earlier"], fingerprints, now - LATE):
            board.add_earlier(row["fingerprint"], row["began"])
        if rules.inhibit:
            wanted = {
                key for alert in alerts for key in (*rules.inhibited(alert.labels), *rules.inhibits(alert.labels))
            }
            board.add_inhibiting(await _inhibiting(connection, wanted))
        for alert in alerts:
            board.hear(alert)
        await self._conclude(connection, board, rules, now)
        return alerts

    async def _conclude(self, connection: Connection, board: Board, rules: Rules, now: datetime) -> None:
        board.settle()
        await write(connection, board, now)
        if board.shifted:
            await self._walk(connection, "inhibited", (list(board.shifted),), rules, now)

    async def _walk(
        self,
        connection: Connection,
        query: str,
        arguments: tuple[object, ...],
        rules: Rules,
        now: datetime,
        *,
        rekey: bool = False,
    ) -> int:
        """Looks again at alerts that fire, some at a time."""
        walked, last = 0, ""
        while rows := await connection.fetch(SQL[query], *arguments, last, _AT_ONCE):
            board, groups = await _board(connection, rules, now, rows)
            alerts = [alert_row(row, groups) for row in rows]
            if not rekey and rules.inhibit:
                board.add_inhibiting(
                    await _inhibiting(connection, {key for alert in alerts for key in alert.inhibited})
                )
            for alert in alerts:
                board.add_alert(alert)
                if rekey:
                    board.inhibitions_of(alert)
                else:
                    board.look_again(alert)
            board.settle()
            await write(connection, board, now)
            walked, last = walked + len(rows), rows[-1]["fingerprint"]
        return walked

    def _rang(self, worth: bool) -> None:
        if worth:
            self._ring()


def _news(alerts: Sequence[Known], firing: Sequence[Row], now: datetime) -> list[Known]:
    """Without those that tell nothing new; but an alert about which anything new is told is told completely."""
    fires = {row["fingerprint"]: row["stale_at"] for row in firing}
    news = {
        alert.fingerprint
        for alert in alerts
        if not tells_nothing_new(
            alert, fires=alert.fingerprint in fires, stale_at=fires.get(alert.fingerprint), now=now
        )
    }
    return [alert for alert in alerts if alert.fingerprint in news]


async def _board(
    connection: Connection,
    rules: Rules,
    now: datetime,
    alerts: Sequence[Row],
    keys: Collection[str] = (),
    placed: Mapping[str, Placed] = MappingProxyType({}),
) -> tuple[Board, Mapping[int, GroupRow]]:
    """A board with the groups of these alerts, and the open ones of these keys."""
    board = Board(rules, now, placed)
    ids = list({row["group_id"] for row in alerts})
    groups = {row["id"]: group_row(row) for row in await connection.fetch(SQL["groups"], list(keys), ids)}
    for group in groups.values():
        board.add_group(group)
    return board, groups


async def _inhibiting(connection: Connection, keys: set[str]) -> dict[str, int]:
    if not keys:
        return {}
    return {row["key"]: row["count"] for row in await connection.fetch(SQL["inhibiting"], list(keys))}
