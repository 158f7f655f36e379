"""``people.db``: who may log in. One SQLite file that several processes share."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

# A writer holds the file for a few milliseconds; a busy disk may need seconds for its fsync.
_BUSY_MILLISECONDS = 5_000

# Integers are seconds since 1970 (UTC).
_SCHEMA = """
CREATE TABLE IF NOT EXISTS person (
    user_id TEXT PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    roles TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS session (
    token_sha256 BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES person (user_id),
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_by_user ON session (user_id);
CREATE TABLE IF NOT EXISTS attempt (
    key BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


class AuthDb:
    """The connection of one process; opened at first use, safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """All or nothing, and alone among all processes: what is read stays true until the end."""
        with self._lock:
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """For a single SELECT: waits for no writer of another process."""
        with self._lock:
            yield self._opened()

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Password hashes: for our own account only. SQLite gives its -wal the same mode.
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
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_SCHEMA)
    connection.execute("COMMIT")
    return connection
