"""The one thread of a process that writes the embedded log: one fsync for all who wait."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import apsw

from gateway.errors import GatewayFault, NotKept, OutcomeUnknown
from gateway.log.sqlite_file import Identity, identity, open_writer

log = logging.getLogger(__name__)

T = TypeVar("T")

# Jobs in one transaction. More gain little and make the first of them wait for the last.
_GROUP = 512
# Pages in the WAL, of 4 KiB: copied back from 4 MiB on; from 64 MiB on readers are waited for.
_CHECKPOINT_PAGES = 1000
_RESTART_PAGES = 16_384


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[[apsw.Connection], T]
    future: asyncio.Future[T]
    outcome: T | None = None
    fault: GatewayFault | None = None

    def settle(self) -> None:
        """On the loop's thread: tell who waits. A caller that gave up is not waiting."""
        if self.future.done():
            return
        if self.fault is not None:
            self.future.set_exception(self.fault)
        else:
            self.future.set_result(self.outcome)  # type: ignore[arg-type]  # T, by then


class SqliteWriter:
    """Runs jobs in groups, each group in one durable transaction, in the order of submission."""

    def __init__(self, path: Path, busy_seconds: float, file: Identity) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._connection: apsw.Connection | None = None
        self._wal_pages = 0
        self._closed = False
        # A daemon: a disk that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[apsw.Connection], T]) -> asyncio.Future[T]:
        """Run ``work`` inside the next transaction; the future has its result once that is durable.

        ``work`` may refuse by raising a ``GatewayFault`` before it has written anything; the other
        jobs of the group are not touched. Cancelling the future drops a job not yet begun.

        The future fails with:
            NotKept: nothing was written.
            OutcomeUnknown: the commit itself failed.
        """
        job = _Job(work, self._loop.create_future())
        if self._closed:
            job.future.set_exception(NotKept("the event log is closed"))
        else:
            self._jobs.put(job)
        return job.future

    async def close(self, timeout_seconds: float) -> None:
        """Finish what was submitted, then end the thread, if the disk lets it in that time."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join, timeout_seconds)

    def _run(self) -> None:
        ended = False
        while not ended:
            group, ended = self._next_group()
            if group:
                self._commit(group)
                # The loop may be gone when the process ends in the middle of a commit.
                with suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(_settle, group)
            self._checkpoint()
        self._disconnect()

    def _next_group(self) -> tuple[list[_Job[Any]], bool]:
        """All jobs that wait, at least one; and whether the end was reached."""
        group: list[_Job[Any]] = []
        job = self._jobs.get()
        while job is not None:
            if not job.future.cancelled():
                group.append(job)
            if len(group) >= _GROUP:
                return group, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: Sequence[_Job[Any]]) -> None:
        committing = False
        try:
            if identity(self._path) != self._file:
                # Records would go into a file that nobody will ever open again.
                raise NotKept("the event log's file was moved away or replaced: restart")
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            for job in group:
                try:
                    job.outcome = job.work(connection)
                except GatewayFault as refusal:
                    job.fault = refusal
            committing = True
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - the thread must live: whoever waits is told
            self._fail(group, error, committing)

    def _fail(self, group: Sequence[_Job[Any]], error: Exception, committing: bool) -> None:
        cause = type(error).__name__
        fault: NotKept
        if isinstance(error, NotKept):
            fault = error
        elif committing and not isinstance(error, apsw.FullError):
            # The frames may be whole in the WAL although their sync failed; a recovery after a
            # crash would then bring them back. When the disk was full the last one is missing.
            fault = OutcomeUnknown(f"the event log's disk failed while it synced ({cause})")
        else:
            fault = NotKept(f"the event log cannot be written ({cause}): check disk space")
        log.error("log.commit_failed", extra={"error": cause, "records": len(group)})
        for job in group:
            job.fault = fault
        # The next group starts on a fresh connection: nothing of a failed one is trusted.
        self._disconnect()

    def _connected(self) -> apsw.Connection:
        if self._connection is None:
            connection = open_writer(self._path, self._busy_seconds)
            # Replaces SQLite's own checkpoint inside COMMIT, which would make callers wait.
            connection.set_wal_hook(self._note_wal)
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # close() rolls back; after a failed disk it may complain once more.
            with suppress(apsw.Error):
                connection.close(True)

    def _note_wal(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Copy the WAL back after the callers were told, so that nobody waits for it."""
        if self._connection is None or self._wal_pages < _CHECKPOINT_PAGES:
            return
        grown = self._wal_pages >= _RESTART_PAGES
        mode = apsw.SQLITE_CHECKPOINT_RESTART if grown else apsw.SQLITE_CHECKPOINT_PASSIVE
        self._wal_pages = 0
        try:
            self._connection.wal_checkpoint(mode=mode)
        except apsw.BusyError:
            # Another process checkpoints or reads; the next commit brings us here again.
            return
        except apsw.Error as error:
            log.error("log.checkpoint_failed", extra={"error": type(error).__name__})
            self._disconnect()


def _settle(group: Sequence[_Job[Any]]) -> None:
    for job in group:
        job.settle()
