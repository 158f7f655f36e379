"""Which Message-ID stood for which mail: programs reuse ids, and then the second is no repeat."""

import hashlib
from pathlib import Path

import apsw

from gateway.errors import NotConnected

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (
  account TEXT NOT NULL, message BLOB NOT NULL, fingerprint BLOB NOT NULL,
  PRIMARY KEY (account, message)
) WITHOUT ROWID
"""


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
        message = hashlib.sha256(message_id.encode()).digest()
        try:
            connection = self._open()
            connection.execute(
                "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (account, message, fingerprint),
            )
            first = connection.execute(
                "SELECT fingerprint FROM seen WHERE account = ? AND message = ?", (account, message)
            ).get
        except (apsw.Error, OSError) as error:
            raise NotConnected(
                f"{self._path} cannot be used ({type(error).__name__}); check disk and rights"
            ) from None
        return message_id if first == fingerprint else f"{message_id}#{fingerprint.hex()}"

    def close(self) -> None:
        """Let go; never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = apsw.Connection(str(self._path))
            connection.set_busy_timeout(3000)
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", 2)
            connection.execute(_SCHEMA)
            self._connection = connection
        return self._connection
