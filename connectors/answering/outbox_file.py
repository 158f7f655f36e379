"""The file under the outbox: recognised, brought up to date and opened durably."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from gateway.errors import GatewayFault
from gateway.log.sqlite_file import open_writer

#: "PARE": marks the file as ours.
APPLICATION_ID = 0x50415245

#: Another process (`gateway reply resend`) writes for milliseconds.
_BUSY_SECONDS = 5.0

# One script per version, never edited after a release; user_version counts those applied.
_MIGRATIONS = (
    """
    CREATE TABLE item (
        complaint_id TEXT PRIMARY KEY,
        reference TEXT NOT NULL,
        channel TEXT NOT NULL,
        account TEXT NOT NULL,
        reachable_on TEXT,
        reporter_key TEXT,
        received_at_ms INTEGER NOT NULL,
        command INTEGER NOT NULL,
        call_back INTEGER NOT NULL,
        -- A JWE, never opened in this file.
        reply_to TEXT
    ) STRICT;
    CREATE INDEX item_reference ON item (reference);
    CREATE INDEX item_received ON item (received_at_ms);
    -- A receipt may come before its complaint: two topics have no common order.
    CREATE TABLE receipt (
        complaint_id TEXT PRIMARY KEY,
        tracking_id TEXT NOT NULL,
        entered_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE answer (
        complaint_id TEXT NOT NULL REFERENCES item (complaint_id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        round INTEGER NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        asked TEXT,
        about TEXT,
        -- Which replier has it; NULL: to be found out.
        lane TEXT,
        created_at_ms INTEGER NOT NULL,
        next_try_at_ms INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        -- Whom the daily cap counts, and when it was handed over.
        recipient TEXT,
        handed_at_ms INTEGER,
        finished_at_ms INTEGER,
        provider_id TEXT,
        made_by TEXT,
        note TEXT,
        -- 1 while its end does not stand on the log yet.
        outcome_owed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (complaint_id, kind, round)
    ) STRICT;
    CREATE INDEX answer_due ON answer (lane, next_try_at_ms) WHERE state = 'waiting';
    CREATE INDEX answer_cap ON answer (recipient, handed_at_ms) WHERE recipient IS NOT NULL;
    CREATE INDEX answer_owed ON answer (finished_at_ms) WHERE outcome_owed = 1;
    """,
)


class OutboxUnavailable(GatewayFault):
    """The file of the answers cannot be used. Reaction: end; the supervisor starts again."""

    exit_code = 81


def open_file(path: Path) -> apsw.Connection:
    """The file, made when it is not there. Every commit is on the disk when it returns.

    Raises:
        OutboxUnavailable: says what is wrong with the file.
    """
    try:
        # 0600: reporter keys and sealed ways back. SQLite gives -wal the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = open_writer(path, _BUSY_SECONDS)
        try:
            _migrate(connection, path)
        except BaseException:
            connection.close(True)
            raise
    except (OSError, apsw.Error) as error:
        raise OutboxUnavailable(
            f"{path} cannot be opened ({type(error).__name__}): "
            "check that the folder is writable, on a local disk, and has room"
        ) from None
    return connection


@contextmanager
def transaction(connection: apsw.Connection, *, writes: bool = True) -> Iterator[apsw.Connection]:
    """All or nothing, durable at the end; or one look at everything. Raises OutboxUnavailable."""
    try:
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        yield connection
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, apsw.Error):
            raise OutboxUnavailable(
                f"replies.db cannot be used ({type(error).__name__}): check disk space"
            ) from None
        raise


def _migrate(connection: apsw.Connection, path: Path) -> None:
    with transaction(connection):
        application_id = connection.pragma("application_id")
        version = connection.pragma("user_version")
        empty = connection.execute("SELECT count(*) = 0 FROM sqlite_schema").get
        if application_id != APPLICATION_ID and not (empty and application_id == 0):
            raise OutboxUnavailable(f"{path} is another program's database: move it away")
        if version > len(_MIGRATIONS):
            raise OutboxUnavailable(f"{path} was written by a newer version: install that version")
        for script in _MIGRATIONS[version:]:
            connection.execute(script)
        if version < len(_MIGRATIONS):
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", len(_MIGRATIONS))
    if connection.pragma("journal_mode", "wal") != "wal":
        raise OutboxUnavailable(f"{path} is on a disk without WAL support: use a local disk")
