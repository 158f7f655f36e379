"""The file under the embedded log: recognised, brought up to date and opened the right way."""

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from gateway.errors import LogUnavailable

# "PADU": marks the file as ours, so that no other database is written into by a wrong setting.
APPLICATION_ID = 0x50414455

# FULL syncs the WAL at each commit. NORMAL would lose acknowledged records when the power goes.
SYNCHRONOUS = "FULL"

# Before 3.51.3 two connections that write and checkpoint at once can corrupt a WAL database.
_OLDEST_SQLITE = (3, 51, 3)

# One script per version, never edited after a release; user_version counts those applied.
_MIGRATIONS = (
    """
    CREATE TABLE topic (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        retention_seconds INTEGER,
        compacted INTEGER NOT NULL,
        next_offset INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- place = topic id * 2^48 + offset: one B-tree that keeps each topic's records together.
    CREATE TABLE record (
        place INTEGER PRIMARY KEY,
        logged_at_ms INTEGER NOT NULL,
        key BLOB,
        headers TEXT NOT NULL,
        value BLOB NOT NULL
    ) STRICT;
    -- next_offset is NULL from a group's first subscription to its first commit.
    CREATE TABLE cursor (
        topic INTEGER NOT NULL REFERENCES topic (id),
        consumer_group TEXT NOT NULL,
        next_offset INTEGER,
        PRIMARY KEY (topic, consumer_group)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE heartbeat (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        at_ms INTEGER NOT NULL
    ) STRICT;
    """,
)

Identity = tuple[int, int]


def prepare(path: Path, busy_seconds: float) -> None:
    """Make the file when it is not there, refuse it when it is not ours, apply what is missing.

    Raises:
        LogUnavailable: says what is wrong with the file and what to do.
    """
    _refuse_old_sqlite()
    try:
        # 0600: the records hold personal data, sealed or not. SQLite gives -wal the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with _alone(path, busy_seconds):
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                _migrate(connection, path)
            finally:
                connection.close()
    except (OSError, apsw.Error) as error:
        raise LogUnavailable(
            f"the event log {path} cannot be opened ({type(error).__name__}): "
            "check that the folder exists, is writable and is on a local disk with room"
        ) from None


def open_writer(path: Path, busy_seconds: float) -> apsw.Connection:
    """The connection of a process's one writing thread; it alone checkpoints.

    Raises:
        apsw.Error: the file cannot be opened.
    """
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_handler(_BusyHandler(busy_seconds))
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    # On macOS a plain fsync stops in the drive's cache.
    connection.execute("PRAGMA fullfsync = ON")
    # What retention deletes is overwritten, not just unlinked: it held complaints.
    connection.execute("PRAGMA secure_delete = ON")
    # cursor rows must not outlive or precede their topic.
    connection.execute("PRAGMA foreign_keys = ON")
    # 64 MiB: after one slow reader the WAL may have grown; it need not stay that large.
    connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """A connection that can neither write nor checkpoint, not even when it is closed.

    Raises:
        apsw.Error: the file cannot be opened.
    """
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    # A WAL reader waits only while a crashed writer's WAL is being recovered.
    connection.set_busy_timeout(1000)
    connection.execute("PRAGMA query_only = ON")
    connection.wal_autocheckpoint(0)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    return connection


def identity(path: Path) -> Identity:
    """Which file the path means now. A file that was moved away still takes writes, unseen.

    Raises:
        OSError: there is none.
    """
    found = path.stat()
    return found.st_dev, found.st_ino


class _BusyHandler:
    """Waits for another process's commit in short, uneven steps.

    SQLite's own handler steps up to 100 ms, so that of several writers one may starve while the
    lock changes hands every 0.3 ms.
    """

    def __init__(self, busy_seconds: float) -> None:
        self._busy_seconds = busy_seconds
        self._give_up_at = 0.0

    def __call__(self, attempt: int) -> bool:
        now = time.monotonic()
        if attempt == 0:
            self._give_up_at = now + self._busy_seconds
        if now >= self._give_up_at:
            return False
        # 0.2 to 2 ms: about one commit of the other process.
        time.sleep(random.uniform(0.0002, 0.002))  # noqa: S311 - spreads writers, keeps no secret
        return True


def _refuse_old_sqlite() -> None:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < _OLDEST_SQLITE:
        raise LogUnavailable(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt the log: install the apsw wheel, "
            "which brings its own"
        )


@contextmanager
def _alone(path: Path, busy_seconds: float) -> Iterator[None]:
    """Only one process at a time looks at a new or old file and changes it."""
    with path.with_name(f"{path.name}.open.lock").open("w") as lock:
        give_up_at = time.monotonic() + busy_seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= give_up_at:
                    raise
                time.sleep(0.01)
        yield


def _migrate(connection: apsw.Connection, path: Path) -> None:
    connection.set_busy_timeout(1000)
    application_id = connection.pragma("application_id")
    version = connection.pragma("user_version")
    empty = connection.execute("SELECT count(*) = 0 FROM sqlite_schema").get
    if application_id != APPLICATION_ID and not (empty and application_id == 0 and version == 0):
        raise LogUnavailable(f"{path} is another program's database: change the log's path")
    if version > len(_MIGRATIONS):
        raise LogUnavailable(f"{path} was written by a newer version: install that version")
    if connection.pragma("journal_mode", "wal") != "wal":
        raise LogUnavailable(f"{path} is on a disk without WAL support: use a local disk")
    if version == len(_MIGRATIONS):
        return
    connection.execute("PRAGMA synchronous = FULL")
    with connection:
        for script in _MIGRATIONS[version:]:
            connection.execute(script)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", len(_MIGRATIONS))
