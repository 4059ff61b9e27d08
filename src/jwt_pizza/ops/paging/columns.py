"""Rows to Structs, Structs to columns."""

from collections.abc import Mapping, Sequence

import msgspec

from jwt_pizza.kit.postgres import Row
from jwt_pizza.ops.paging.model import Due, Line, Queued, Told, Waiting

LineKey = tuple[int, str, str]


def of_queued(notifications: Sequence[Queued]) -> tuple[list[object], ...]:
    """The arguments of the statement `queue`."""
    rows = [
        (
            each.key,
            each.kind,
            each.group_id,
            each.generation,
            each.page,
            each.person_id,
            each.contact_id,
            each.channel,
            each.address,
            each.subject,
            each.body,
            each.created_at,
            each.send_at,
        )
        for each in notifications
    ]
    return tuple(map(list, zip(*rows, strict=True)))


def of_lines(keys: Sequence[LineKey]) -> tuple[list[int], list[str], list[str]]:
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]


def key_of(row: Row | Line) -> LineKey:
    if isinstance(row, Line):
        return row.person_id, row.channel, row.address
    return row["person_id"], row["channel"], row["address"]


def json_of(value: Mapping[str, int] | Mapping[int, int]) -> str:
    return msgspec.json.encode(value).decode()


def due(row: Row) -> Due:
    return Due(
        id=row["id"],
        title=row["title"],
        severity=row["severity"],
        generation=row["generation"],
        chain_id=row["chain_id"],
        team_id=row["team_id"],
        chain=row["chain"],
        step=row["step"],
        visits=msgspec.json.decode(row["visits"], type=dict[str, int]),
        due_at=row["next_action_at"],
        opened_at=row["opened_at"],
        fired_at=tuple(row["fired_at"]),
    )


def line(row: Row) -> Line:
    return Line(
        person_id=row["person_id"],
        channel=row["channel"],
        address=row["address"],
        last_at=row["last_at"],
        last_group_id=row["last_group_id"],
        recent=tuple(row["recent"]),
        last_code=row["last_code"],
    )


def waiting(row: Row) -> Waiting:
    return Waiting(
        id=row["id"],
        kind=row["kind"],
        group_id=row["group_id"],
        generation=row["generation"],
        page=row["page"],
        held=row["held"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        send_at=row["next_action_at"],
        subject=row["subject"],
        body=row["body"],
        reply_code=row["reply_code"],
        message_id=row["message_id"],
        group=None if row["title"] is None else _told(row),
    )


def _told(row: Row) -> Told:
    return Told(
        id=row["group_id"],
        title=row["title"],
        summary=row["summary"] or "",
        severity=row["severity"],
        status=row["status"],
        generation=row["current"],
        firing=row["firing"],
        opened_at=row["opened_at"],
        silenced_until=row["silenced_until"],
        code=row["code"],
    )
