"""The one thread of a process that reads the embedded log, so that no disk stops the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.errors import LogUnavailable
from gateway.log.sqlite_file import Identity, identity, open_reader

T = TypeVar("T")


class SqliteReader:
    """Runs short reads one after another; each is its own transaction, so none holds the WAL."""

    def __init__(self, path: Path, file: Identity) -> None:
        self._path = path
        self._file = file
        self._connection: apsw.Connection | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="log-reader")
        self._closed = False

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """The result of ``work``.

        Raises:
            LogUnavailable: the file cannot be read, or the log is closed.
        """
        if self._closed:
            raise LogUnavailable("the event log is closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def close(self) -> None:
        """Let go after the read that runs now. Does not wait."""
        if not self._closed:
            self._closed = True
            self._pool.submit(self._disconnect)
            self._pool.shutdown(wait=False)

    def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            if identity(self._path) != self._file:
                raise LogUnavailable("the event log's file was moved away or replaced: restart")
            if self._connection is None:
                self._connection = open_reader(self._path)
            return work(self._connection)
        except (apsw.Error, OSError) as error:
            self._disconnect()
            raise LogUnavailable(
                f"the event log {self._path} cannot be read ({type(error).__name__})"
            ) from None

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(True)
