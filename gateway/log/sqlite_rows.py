"""The embedded log's rows: every statement on topics, records and cursors."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import apsw

from gateway.errors import NotKept, RecordRefused
from gateway.log import Headers, Position, Record, StoredRecord, TopicSpec

# The embedded log has one partition per topic: one box needs no more, and order is then total.
PARTITION = 0

_OFFSET_BITS = 48
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Rows deleted in one transaction: 1,000 take some 10 ms, and appends wait that long.
SWEEP_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's row."""

    id: int
    name: str
    retention_seconds: int | None
    compacted: bool
    next_offset: int


def to_ms(when: datetime) -> int:
    """Milliseconds since 1970 of an aware time."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def topics(connection: apsw.Connection) -> dict[str, Topic]:
    """All topics by name."""
    found = connection.execute(
        "SELECT id, name, retention_seconds, compacted, next_offset FROM topic"
    )
    return {row[1]: Topic(row[0], row[1], row[2], bool(row[3]), row[4]) for row in found}


def add_topics(connection: apsw.Connection, specs: Sequence[TopicSpec]) -> list[str]:
    """Insert those that do not exist; returns their names."""
    made = []
    for spec in specs:
        connection.execute(
            "INSERT INTO topic (name, retention_seconds, compacted) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (spec.name, spec.retention_seconds, int(spec.compacted)),
        )
        if connection.changes():
            made.append(spec.name)
    return made


def append(connection: apsw.Connection, topic: str, record: Record, now_ms: int) -> Position:
    """Insert one record at the topic's end. Has written nothing when it raises a fault.

    Raises:
        NotKept: there is no such topic.
        RecordRefused: a compacted topic takes no record without a key, as in Kafka.
    """
    found: list[tuple[int, int, int]] = connection.execute(
        "SELECT id, compacted, next_offset FROM topic WHERE name = ?", (topic,)
    ).fetchall()  # type: ignore[assignment]  # apsw types a row by its widest case
    if not found:
        raise NotKept(f"the log has no topic {topic}: run `gateway topics create`")
    topic_id, compacted, offset = found[0]
    if compacted and record.key is None:
        raise RecordRefused(f"the compacted topic {topic} takes no record without a key")
    connection.execute(
        "INSERT INTO record (place, logged_at_ms, key, headers, value) VALUES (?, ?, ?, ?, ?)",
        (_place(topic_id, offset), now_ms, record.key, _headers_out(record.headers), record.value),
    )
    connection.execute("UPDATE topic SET next_offset = ? WHERE id = ?", (offset + 1, topic_id))
    return Position(topic, PARTITION, offset)


def records(
    connection: apsw.Connection, topic: Topic, start: int, end: int | None, limit: int
) -> list[StoredRecord]:
    """At most ``limit`` records from offset ``start`` on, before ``end``."""
    found = connection.execute(
        "SELECT place, logged_at_ms, key, headers, value FROM record"
        " WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",
        (
            _place(topic.id, start),
            _place(topic.id + 1, 0) if end is None else _place(topic.id, end),
            limit,
        ),
    )
    return [
        StoredRecord(
            Position(topic.name, PARTITION, place & ((1 << _OFFSET_BITS) - 1)),
            Record(key, value, _headers_in(headers)),
            _EPOCH + timedelta(milliseconds=at_ms),
        )
        for place, at_ms, key, headers, value in found
    ]


def register_group(connection: apsw.Connection, topic: Topic, group: str) -> None:
    """Remember that the group reads this topic: from now on retention waits for it."""
    connection.execute(
        "INSERT INTO cursor (topic, consumer_group) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (topic.id, group),
    )


def forget_group(connection: apsw.Connection, group: str) -> int:
    """Remove a group's cursors; how many there were."""
    connection.execute("DELETE FROM cursor WHERE consumer_group = ?", (group,))
    return connection.changes()


def set_cursor(connection: apsw.Connection, topic: Topic, group: str, next_offset: int) -> None:
    """Move a group's cursor."""
    connection.execute(
        "UPDATE cursor SET next_offset = ? WHERE topic = ? AND consumer_group = ?",
        (next_offset, topic.id, group),
    )


def cursor(connection: apsw.Connection, topic: Topic, group: str) -> int | None:
    """A group's cursor; None before its first commit."""
    stored: int | None = connection.execute(
        "SELECT next_offset FROM cursor WHERE topic = ? AND consumer_group = ?",
        (topic.id, group),
    ).get
    return stored


def beat(connection: apsw.Connection, now_ms: int) -> None:
    """The row that proves that a commit is possible."""
    connection.execute(
        "INSERT INTO heartbeat (one, at_ms) VALUES (1, ?)"
        " ON CONFLICT (one) DO UPDATE SET at_ms = excluded.at_ms",
        (now_ms,),
    )


def first_unread(connection: apsw.Connection, topic: Topic) -> int:
    """The lowest offset that a registered group has still to read; deletion stops before it."""
    lowest = connection.execute(
        "SELECT min(ifnull(next_offset, 0)) FROM cursor WHERE topic = ?", (topic.id,)
    ).get
    end: int = connection.execute("SELECT next_offset FROM topic WHERE id = ?", (topic.id,)).get
    return end if lowest is None else min(lowest, end)


def delete_expired(connection: apsw.Connection, topic: Topic, now_ms: int) -> tuple[int, bool]:
    """One step of retention: how many went, and whether a group holds back what is due.

    Only the topic's head is looked at, up to the first record that may stay: a clock that jumped
    leaves records a little longer and never makes a hole.
    """
    if topic.retention_seconds is None:
        return 0, False
    due_before_ms = now_ms - topic.retention_seconds * 1000
    floor = _place(topic.id, first_unread(connection, topic))
    doomed, held_back = [], False
    for place, at_ms in connection.execute(
        "SELECT place, logged_at_ms FROM record WHERE place >= ? AND place < ?"
        " ORDER BY place LIMIT ?",
        (_place(topic.id, 0), _place(topic.id + 1, 0), SWEEP_ROWS),
    ):
        if at_ms >= due_before_ms:
            break
        if place >= floor:
            held_back = True
            break
        doomed.append((place,))
    connection.executemany("DELETE FROM record WHERE place = ?", doomed)
    return len(doomed), held_back


def superseded(connection: apsw.Connection, topic: Topic) -> list[int]:
    """Places of the records that a later record of the same key replaces and every group read."""
    found = connection.execute(
        "SELECT place FROM ("
        " SELECT place, row_number() OVER (PARTITION BY key ORDER BY place DESC) AS age"
        " FROM record WHERE place >= ? AND place < ? AND key IS NOT NULL"
        ") WHERE age > 1 AND place < ?",
        (
            _place(topic.id, 0),
            _place(topic.id + 1, 0),
            _place(topic.id, first_unread(connection, topic)),
        ),
    )
    return [place for (place,) in found]


def delete_places(connection: apsw.Connection, places: Sequence[int]) -> int:
    """Delete records by place; returns how many there still were."""
    before = connection.total_changes()
    connection.executemany("DELETE FROM record WHERE place = ?", [(place,) for place in places])
    return connection.total_changes() - before


def _place(topic_id: int, offset: int) -> int:
    return (topic_id << _OFFSET_BITS) + offset


def _headers_out(headers: Headers) -> str:
    # Latin-1 maps every byte to one character and back, and text stays readable in the file.
    return json.dumps([[name, value.decode("latin-1")] for name, value in headers])


def _headers_in(stored: str) -> Headers:
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(stored))
