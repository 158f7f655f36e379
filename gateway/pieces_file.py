"""The file in which pieces wait: one SQLite database for all intake processes of one machine.

It holds nothing that can be read: what pieces say is sealed, what they are called is hashed. Every
method is one durable transaction and raises ``apsw.Error`` or ``OSError`` when it is not done.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from gateway.errors import LogUnavailable
from gateway.log.sqlite_file import identity, open_writer
from gateway.pieces_rows import (
    Arrival,
    Taken,
    begin,
    begin_adding,
    erase,
    families,
    is_full,
    missing,
    prolong,
    put,
    take,
)
from gateway.pieces_rules import Adds, Begins, Joins, Kind, Place, Repeat, place_of

# "PADP": marks the file as ours; see gateway/log/sqlite_file.py.
_APPLICATION_ID = 0x50414450

# One script per version, never edited after a release; user_version counts those applied.
_MIGRATIONS = (
    """
    CREATE TABLE item (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        -- Keyed hash of channel, account and the key of the pieces.
        name BLOB NOT NULL,
        channel TEXT NOT NULL,
        kind TEXT NOT NULL,
        -- Of a late or lone piece: the item it belongs to, and what tells it from its siblings.
        parent INTEGER,
        label TEXT,
        -- Sealed: the platform's id of an item may be telling.
        item_id TEXT NOT NULL,
        total INTEGER,
        wait_ms INTEGER NOT NULL,
        due_at_ms INTEGER NOT NULL,
        -- When somebody first began to publish it: since then it takes no more pieces.
        taken_at_ms INTEGER,
        claimed_until_ms INTEGER NOT NULL DEFAULT 0,
        unreadable INTEGER NOT NULL DEFAULT 0,
        published_at_ms INTEGER
    ) STRICT;
    CREATE INDEX item_by_name ON item (name);
    CREATE INDEX item_by_due ON item (due_at_ms) WHERE published_at_ms IS NULL;
    CREATE INDEX item_by_end ON item (published_at_ms) WHERE published_at_ms IS NOT NULL;
    CREATE TABLE piece (
        item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        -- Keyed hashes of what it says and of the provider's id.
        content BLOB NOT NULL,
        source BLOB,
        -- NULL once the item is published.
        sealed TEXT,
        PRIMARY KEY (item, number)
    ) STRICT;
    """,
)

#: Providers repeat what was not acknowledged for a day (Vonage: 24 hours).
REMEMBERED_MS = 48 * 3_600_000
#: One look publishes no more, so that a backlog does not outlive its claim.
_BATCH = 100

_DUE = (
    "FROM item WHERE published_at_ms IS NULL AND unreadable = 0 "
    "AND due_at_ms <= :now AND claimed_until_ms <= :now"
)


class PieceFile:
    """One connection to the file; used by one thread at a time."""

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._connection: apsw.Connection | None = None

    def open(self) -> None:
        """Make the file when it is not there; what could not be read is tried once more.

        Raises:
            LogUnavailable: it is not ours.
        """
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with self._path.with_name(f"{self._path.name}.open.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection = open_writer(self._path, self._busy_seconds)
            try:
                _migrate(connection, self._path)
            finally:
                connection.close()
        self._file = identity(self._path)
        with self._transaction() as db:
            db.execute("UPDATE item SET unreadable = 0 WHERE unreadable = 1")

    def close(self) -> None:
        """Let go; the next use opens it again. Never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(apsw.Error):
                connection.close(True)

    def add(self, arrival: Arrival, now_ms: int) -> tuple[Place, Taken | None]:
        """Keep a piece. What it was, and the item that it makes ready."""
        with self._transaction() as db:
            known = families(db, arrival.name)
            place = place_of(arrival.seen, known, named=arrival.named)
            match place:
                case Repeat():
                    return place, None
                case Joins(group):
                    prolong(db, group, arrival, now_ms)
                case Adds(parent, label):
                    group = begin_adding(db, parent, label, now_ms)
                case Begins():
                    group = begin(db, arrival, now_ms)
            put(db, group, arrival.seen, arrival.sealed)
            if not (isinstance(place, Adds) or is_full(db, group)):
                return place, None
            db.execute("UPDATE item SET due_at_ms = ? WHERE id = ?", (now_ms, group))
            taken = take(db, group, now_ms)
            return (Repeat() if taken is None else place), taken

    def due(self, now_ms: int) -> Sequence[Taken]:
        """Items whose waiting is over; and forget what is old."""
        old = now_ms - REMEMBERED_MS
        if not self._has_work(now_ms, old):
            return ()
        with self._transaction() as db:
            db.execute("DELETE FROM item WHERE published_at_ms < ?", (old,))
            # Those that could not be published before come in no fixed order: one that the log
            # never takes must not stand in front of the others for ever.
            groups: list[Any] = db.execute(
                f"SELECT id {_DUE} ORDER BY taken_at_ms IS NOT NULL, "
                f"iif(taken_at_ms IS NULL, due_at_ms, random()) LIMIT {_BATCH}",
                {"now": now_ms},
            ).fetchall()
            taken = [take(db, group, now_ms) for (group,) in groups]
            return [one for one in taken if one is not None]

    def published(self, group: int, now_ms: int) -> tuple[str, Kind, bool] | None:
        """Erase what an item's pieces say. Channel, kind, and whether any piece is missing."""
        with self._transaction() as db:
            known = db.execute("SELECT channel, kind FROM item WHERE id = ?", (group,)).fetchone()
            if known is None:
                return None
            erase(db, group, now_ms)
            return known[0], Kind(known[1]), bool(missing(db, group))

    def set_aside(self, group: int) -> None:
        """Leave an item that cannot be read where it is, until the next start."""
        with self._transaction() as db:
            db.execute("UPDATE item SET unreadable = 1 WHERE id = ?", (group,))

    def part(self, group: int, numbers: Sequence[int], now_ms: int, *, unreadable: bool) -> None:
        """Let pieces of an item go on their own; of the item itself only the memory stays."""
        with self._transaction() as db:
            for number in numbers:
                child = begin_adding(db, group, str(number), now_ms, Kind.ALONE)
                db.execute("UPDATE item SET unreadable = ? WHERE id = ?", (unreadable, child))
                db.execute(
                    "UPDATE piece SET item = ? WHERE item = ? AND number = ?",
                    (child, group, number),
                )
            if not unreadable:
                erase(db, group, now_ms)

    def waiting(self) -> int:
        """How many pieces are not published."""
        counted: int = (
            self._connected()
            .execute(
                "SELECT count(*) FROM item JOIN piece ON item = id WHERE published_at_ms IS NULL"
            )
            .get
        )
        return counted

    def _has_work(self, now_ms: int, old: int) -> bool:
        return bool(
            self._connected()
            .execute(
                f"SELECT EXISTS (SELECT 1 {_DUE}) "  # noqa: S608 - a constant
                "OR EXISTS (SELECT 1 FROM item WHERE published_at_ms < :old)",
                {"now": now_ms, "old": old},
            )
            .get
        )

    def _connected(self) -> apsw.Connection:
        if identity(self._path) != self._file:
            # Pieces would go into a file that nobody will ever open again.
            self.close()
            raise FileNotFoundError("the file of pieces was moved away or replaced")
        if self._connection is None:
            self._connection = open_writer(self._path, self._busy_seconds)
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[apsw.Connection]:
        db = self._connected()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            # Closing rolls back; nothing of a failed connection is trusted.
            self.close()
            raise


def _migrate(connection: apsw.Connection, path: Path) -> None:
    ours = connection.pragma("application_id")
    version = connection.pragma("user_version")
    empty = connection.execute("SELECT count(*) = 0 FROM sqlite_schema").get
    if ours != _APPLICATION_ID and not (empty and ours == 0 and version == 0):
        raise LogUnavailable(f"{path} is another program's database: move it away")
    if version > len(_MIGRATIONS):
        raise LogUnavailable(f"{path} was written by a newer version: install that version")
    if connection.pragma("journal_mode", "wal") != "wal":
        raise LogUnavailable(f"{path} is on a disk without WAL support: use a local disk")
    if version == len(_MIGRATIONS):
        return
    with connection:
        for script in _MIGRATIONS[version:]:
            connection.execute(script)
        connection.pragma("application_id", _APPLICATION_ID)
        connection.pragma("user_version", len(_MIGRATIONS))
