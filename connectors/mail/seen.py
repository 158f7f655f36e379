"""Which Message-ID stood for which mail: programs reuse ids, and then the second is no repeat."""

import hashlib
import logging
from pathlib import Path

import apsw

from gateway.errors import NotConnected

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (
  account TEXT NOT NULL, message BLOB NOT NULL, fingerprint BLOB NOT NULL,
  PRIMARY KEY (account, message)
) WITHOUT ROWID
"""
_BUSY_MILLISECONDS = 3000


class Seen:
    """A small file of hashes in the data directory; for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: apsw.Connection | None = None

    def source_id(self, account: str, message_id: str, fingerprint: bytes) -> str:
        """The id of the mail: its Message-ID or, where another mail had that, one with more.

        Raises:
            NotConnected: the file cannot be used.
        """
        message = _hashed(message_id)
        try:
            self._open().execute(
                "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (account, message, fingerprint),
            )
            first = self._first(account, message)
        except (apsw.Error, OSError) as error:
            raise self._unusable(error) from None
        return message_id if first == fingerprint else f"{message_id}#{fingerprint.hex()}"

    def knows(self, account: str, message_id: str) -> bool:
        """Whether a mail with this id came to the account. Raises NotConnected."""
        try:
            return self._first(account, _hashed(message_id)) is not None
        except (apsw.Error, OSError) as error:
            raise self._unusable(error) from None

    def close(self) -> None:
        """Let go; never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _first(self, account: str, message: bytes) -> object:
        query = "SELECT fingerprint FROM seen WHERE account = ? AND message = ?"
        return self._open().execute(query, (account, message)).get

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connection = _connect(self._path)
            except (apsw.NotADBError, apsw.CorruptError):
                # It only tells reused ids apart; the mailbox must not wait for a repair.
                log.error("mail.seen_damaged", extra={"channel": "email"})
                self._path.replace(self._path.with_suffix(".damaged"))
                self._connection = _connect(self._path)
        return self._connection

    def _unusable(self, error: Exception) -> NotConnected:
        return NotConnected(
            f"{self._path} cannot be used ({type(error).__name__}); check disk and rights"
        )


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "FULL")
        connection.execute(_SCHEMA)
    except apsw.Error:
        connection.close()
        raise
    return connection


def _hashed(message_id: str) -> bytes:
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).digest()
