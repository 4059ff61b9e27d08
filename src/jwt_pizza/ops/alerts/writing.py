"""What a board decided, written within its transaction; and the rows that a board is made of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Connection, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.alerts.board import Board
from jwt_pizza.ops.alerts.rows import AlertRow, GroupRow, Seen
from jwt_pizza.ops.events import journal

SQL: Final = Queries(__package__)
_labels: Final = msgspec.json.Decoder(dict[str, str]).decode
_encode: Final = msgspec.json.Encoder().encode
_EMPTY: Final = "[]"
_PLAIN: Final = (
    *("group_id", "fingerprint", "status", "source", "labels", "annotations", "generator_url"),
    *("starts_at", "last_seen_at", "stale_at"),
)


async def write(connection: Connection, board: Board, now: datetime) -> None:
    """Groups, alerts and events; once a board."""
    new = [group for group in board.groups.values() if group.id == 0]
    old = board.changed_groups()
    if new:
        rows = await connection.fetch(SQL["open_groups"], *_opened(new))
        for group, row in zip(new, rows, strict=True):
            group.id = row["id"]
    if old:
        await write_groups(connection, old)
    changed = [alert for alert in board.rows.values() if alert.changed and not alert.new]
    if changed:
        await connection.execute(SQL["change_alerts"], *_changed(changed, now))
    plain: list[AlertRow] = []
    special: list[AlertRow] = []
    for alert in board.rows.values():
        if alert.new:
            (plain if alert.plain else special).append(alert)
    if plain:
        await connection.copy_records_to_table(
            "alerts", schema_name="ops", columns=_PLAIN, records=[_plain(alert, now) for alert in plain]
        )
    if special:
        await connection.execute(SQL["add_alerts"], *_added(special, now))
    if board.seen:
        await connection.execute(SQL["see_alerts"], *_seen(list(board.seen.values()), now))
    await journal.append(connection, board.events())


async def write_groups(connection: Connection, groups: Sequence[GroupRow]) -> None:
    """Groups that are there, and locked."""
    await connection.execute(SQL["write_groups"], *_written(groups))


def group_row(row: Row) -> GroupRow:
    return GroupRow(
        id=row["id"],
        key=row["key"],
        route_id=row["route_id"],
        chain_id=row["chain_id"],
        assigned=row["chain"] is not None,
        title=row["title"],
        severity=row["severity"],
        status=row["status"],
        firing=row["firing"],
        loud=row["loud"],
        opened_at=row["opened_at"],
        last_alert_at=row["last_alert_at"],
        generation=row["generation"],
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=row["acknowledged_by"],
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
        silenced_until=row["silenced_until"],
        remind_at=row["remind_at"],
        unacknowledge_at=row["unacknowledge_at"],
        next_action_at=row["next_action_at"],
    )


def alert_row(row: Row, groups: Mapping[int, GroupRow]) -> AlertRow:
    return AlertRow(
        group=groups[row["group_id"]],
        fingerprint=row["fingerprint"],
        firing=True,
        starts_at=row["starts_at"],
        stale_at=row["stale_at"],
        muted=row["muted"],
        inhibits=row["inhibits"],
        inhibited=row["inhibited"],
        labels=_labels(row["labels"]) if "labels" in row else None,
    )


def _opened(groups: Sequence[GroupRow]) -> tuple[list[object], ...]:
    return (
        [group.key for group in groups],
        [group.route_id for group in groups],
        [group.chain_id for group in groups],
        [_encode(group.labels).decode() for group in groups],
        [group.title for group in groups],
        [group.severity for group in groups],
        [group.status for group in groups],
        [group.firing for group in groups],
        [group.loud for group in groups],
        [group.opened_at for group in groups],
        [group.last_alert_at for group in groups],
        [group.resolved_at for group in groups],
        [group.resolved_by for group in groups],
        [group.generation for group in groups],
        [group.next_action_at for group in groups],
    )


def _written(groups: Sequence[GroupRow]) -> tuple[list[object], ...]:
    return (
        [group.id for group in groups],
        [group.severity for group in groups],
        [group.status for group in groups],
        [group.firing for group in groups],
        [group.loud for group in groups],
        [group.last_alert_at for group in groups],
        [group.acknowledged_at for group in groups],
        [group.acknowledged_by for group in groups],
        [group.resolved_at for group in groups],
        [group.resolved_by for group in groups],
        [group.silenced_until for group in groups],
        [group.remind_at for group in groups],
        [group.unacknowledge_at for group in groups],
        [group.generation for group in groups],
        [group.next_action_at for group in groups],
        [group.restart for group in groups],
    )


def _plain(alert: AlertRow, now: datetime) -> tuple[object, ...]:
    known = alert.known
    assert known is not None
    return (
        *(alert.group.id, alert.fingerprint, "firing", known.source, known.encoded),
        *(known.annotations, known.generator_url, alert.starts_at, now, alert.stale_at),
    )


def _added(alerts: Sequence[AlertRow], now: datetime) -> tuple[object, ...]:
    told = [alert.known for alert in alerts if alert.known is not None]
    return (
        [alert.group.id for alert in alerts],
        [alert.fingerprint for alert in alerts],
        ["firing" if alert.firing else "resolved" for alert in alerts],
        [known.source for known in told],
        [known.encoded for known in told],
        [known.annotations for known in told],
        [known.generator_url for known in told],
        [alert.starts_at for alert in alerts],
        [alert.ends_at for alert in alerts],
        [alert.how for alert in alerts],
        now,
        [alert.stale_at for alert in alerts],
        [alert.muted for alert in alerts],
        [_keys(alert.inhibits) for alert in alerts],
        [_keys(alert.inhibited) for alert in alerts],
    )


def _changed(alerts: Sequence[AlertRow], now: datetime) -> tuple[object, ...]:
    return (
        [alert.group.id for alert in alerts],
        [alert.fingerprint for alert in alerts],
        ["firing" if alert.firing else "resolved" for alert in alerts],
        [alert.ends_at for alert in alerts],
        [alert.how for alert in alerts],
        [alert.muted for alert in alerts],
        now,
        [_keys(alert.inhibits) for alert in alerts],
        [_keys(alert.inhibited) for alert in alerts],
    )


def _seen(alerts: Sequence[Seen], now: datetime) -> tuple[object, ...]:
    return (
        [seen.group_id for seen in alerts],
        [seen.known.fingerprint for seen in alerts],
        now,
        [seen.known.stale_at for seen in alerts],
        [seen.known.annotations for seen in alerts],
        [seen.known.source for seen in alerts],
        [seen.known.generator_url for seen in alerts],
    )


def _keys(keys: Sequence[str]) -> str:
    return _encode(keys).decode() if keys else _EMPTY
