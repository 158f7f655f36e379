"""``media.db``: which attachments are still to be fetched. It survives process and power."""

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import apsw

from normalizer.event import Attachment, Channel, ComplaintEvent
from normalizer.outcome import MediaOutcome

# A writer holds the file for a few milliseconds; a busy disk may need seconds for its fsync.
_BUSY_MILLISECONDS = 5_000

# Times are milliseconds since 1970 (UTC). A job stays for a while after its end (done_at), so that
# an item that its source brings again is not fetched again, when it may have expired meanwhile.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    id INTEGER PRIMARY KEY,
    complaint_id TEXT NOT NULL,
    media_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    channel TEXT NOT NULL,
    account TEXT NOT NULL,
    attachment TEXT NOT NULL,
    traceparent TEXT,
    added_at INTEGER NOT NULL,
    next_try_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    outcome BLOB,
    done_at INTEGER,
    UNIQUE (complaint_id, media_id)
) STRICT;
CREATE INDEX IF NOT EXISTS job_by_next_try ON job (next_try_at) WHERE done_at IS NULL;
"""
_COLUMNS = (
    "id, complaint_id, reference, channel, account, attachment, traceparent, added_at, "
    "next_try_at, attempts, reason, outcome"
)


@dataclass(frozen=True, slots=True)
class Job:
    """One attachment of one complaint that is to be fetched."""

    id: int
    complaint_id: UUID
    reference: str
    channel: Channel
    account: str
    attachment: Attachment = field(repr=False)
    traceparent: str | None
    added_at: datetime
    next_try_at: datetime
    attempts: int
    #: Why the last try did not end it.
    reason: str | None
    #: Known, and perhaps not on the log yet.
    outcome: MediaOutcome | None

    @property
    def lane(self) -> tuple[Channel, str]:
        """Whose places it takes while it is being fetched."""
        return self.channel, self.account


class MediaJobs:
    """The jobs of one data directory. Safe to use from many threads.

    Every method may raise apsw.Error or OSError: nothing was changed then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None

    def add(self, events: Iterable[tuple[ComplaintEvent, str | None]], now: datetime) -> int:
        """Note what is still to be fetched of these; how many of them are new. Durable on return.

        Each event comes with its ``traceparent``. What is known already stays as it is.
        """
        rows = [
            (
                str(event.complaint_id),
                one.media_id,
                event.reference,
                event.channel.value,
                event.account,
                one.model_dump_json(exclude_none=True),
                traceparent,
                _ms(now),
                _ms(now),
            )
            for event, traceparent in events
            for one in event.attachments
            if one.media_id is not None and one.sha256 is None
        ]
        with self._transaction() as connection:
            before = connection.total_changes()
            connection.executemany(
                "INSERT INTO job (complaint_id, media_id, reference, channel, account, attachment,"
                " traceparent, added_at, next_try_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                rows,
            )
            return connection.total_changes() - before

    def due(self, now: datetime, without: Collection[int], per_lane: int) -> Sequence[Job]:
        """What may be tried now: of every account its ``per_lane`` longest waiting ones.

        ``without``: the ids of those in hand.
        """
        marks = ", ".join("?" * len(without))
        query = (
            f"SELECT {_COLUMNS} FROM (SELECT *, row_number() OVER ("  # noqa: S608 - our own names
            "PARTITION BY channel, account ORDER BY next_try_at, id) AS turn FROM job "
            f"WHERE done_at IS NULL AND next_try_at <= ? AND id NOT IN ({marks})) "
            "WHERE turn <= ? ORDER BY turn, next_try_at, id"
        )
        with self._transaction() as connection:
            rows = connection.execute(query, (_ms(now), *without, per_lane)).fetchall()
        return [_job(row) for row in rows]

    def waiting(self) -> Sequence[Job]:
        """All that are not done, the longest waiting first."""
        query = f"SELECT {_COLUMNS} FROM job WHERE done_at IS NULL ORDER BY added_at, id"  # noqa: S608
        with self._transaction() as connection:
            return [_job(row) for row in connection.execute(query).fetchall()]

    def count(self) -> int:
        """How many are not done."""
        with self._transaction() as connection:
            query = "SELECT count(*) FROM job WHERE done_at IS NULL"
            found: Any = connection.execute(query).fetchall()[0][0]
        return int(found)

    def postpone(self, job: Job, next_try_at: datetime, reason: str) -> None:
        """Try it again then."""
        self._update(
            "attempts = attempts + 1, next_try_at = ?, reason = ?", job, _ms(next_try_at), reason
        )

    def decide(self, job: Job, outcome: MediaOutcome) -> None:
        """Remember how it ended: after a crash the log is told the same, whatever comes then."""
        self._update("outcome = ?", job, outcome.to_bytes())

    def finish(self, job: Job, now: datetime) -> None:
        """The log has the outcome."""
        self._update("done_at = ?, outcome = NULL", job, _ms(now))

    def forget(self, before: datetime) -> None:
        """Delete what was done before that."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM job WHERE done_at < ?", (_ms(before),))

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _update(self, assignments: str, job: Job, *values: object) -> None:
        with self._transaction() as connection:
            connection.execute(f"UPDATE job SET {assignments} WHERE id = ?", (*values, job.id))  # noqa: S608

    @contextmanager
    def _transaction(self) -> Iterator[apsw.Connection]:
        with self._lock:
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Media ids may be addresses that open without a password.
            self._path.touch(mode=0o600)
            self._connection = _connect(self._path)
        return self._connection


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    deadline = time.monotonic() + _BUSY_MILLISECONDS / 1000
    while True:
        try:
            # The switch to WAL ignores the busy timeout when two processes open a new file.
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except apsw.BusyError:
            if time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous = FULL")
    # What is deleted pointed to somebody's pictures.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_SCHEMA)
    connection.execute("COMMIT")
    return connection


def _job(row: tuple[Any, ...]) -> Job:
    return Job(
        id=row[0],
        complaint_id=UUID(row[1]),
        reference=row[2],
        channel=Channel(row[3]),
        account=row[4],
        attachment=Attachment.model_validate_json(row[5]),
        traceparent=row[6],
        added_at=_time(row[7]),
        next_try_at=_time(row[8]),
        attempts=row[9],
        reason=row[10],
        outcome=None if row[11] is None else MediaOutcome.from_bytes(row[11]),
    )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
