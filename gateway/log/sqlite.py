"""The embedded event log: one SQLite file, no server, durable at each acknowledgement."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.errors import GatewayFault, LogUnavailable, NotKept, OutcomeUnknown, TopicMissing
from gateway.log import Position, Record, StoredRecord, TopicSpec
from gateway.log import sqlite_rows as rows
from gateway.log.limits import refuse_oversized
from gateway.log.sqlite_file import identity, prepare
from gateway.log.sqlite_reader import SqliteReader
from gateway.log.sqlite_subscription import SqliteSubscription, lock_path
from gateway.log.sqlite_writer import SqliteWriter

log = logging.getLogger(__name__)

T = TypeVar("T")

# Records of one read while scanning: at most 12 MiB of events of 64 KiB.
_SCAN_ROWS = 200
# Retention is counted in days; an hour more or less is nobody's concern.
_SWEEP_SECONDS = 3600.0
# Not while the processes of a box start up and everybody waits for the disk.
_FIRST_SWEEP_SECONDS = 60.0
# A commit takes milliseconds; what is not through by then waits for a dead disk.
_CLOSE_SECONDS = 10.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteLog:
    """Several topics in one file, one partition each, shared by the processes of one host.

    Records of all who wait at the same moment share one fsync. A record survives the power from
    the moment ``append`` returns. The file must be on a local disk.
    """

    def __init__(
        self,
        path: Path,
        topic_names: Sequence[str] = (),
        *,
        busy_seconds: float = 5.0,
        append_timeout_seconds: float = 8.0,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Nothing is touched before ``open``.

        ``topic_names`` must exist when it opens. ``busy_seconds``: how long another process may
        keep the write lock; providers give up between 5 and 15 s. ``append_timeout_seconds`` is
        longer, because a busy log is a certain no and a silent disk is not.
        """
        self._path = path
        self._topic_names = tuple(topic_names)
        self._busy_seconds = busy_seconds
        self._append_timeout_seconds = append_timeout_seconds
        self._now = now
        self._writer: SqliteWriter | None = None
        self._reader: SqliteReader | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._appended = asyncio.Event()

    async def open(self) -> None:
        """See ``EventLog.open``. Makes the file when no topics are required of it."""
        if self._topic_names and not self._path.exists():
            raise _missing(self._topic_names, self._path)
        await asyncio.to_thread(prepare, self._path, self._busy_seconds)
        file = identity(self._path)
        self._reader = SqliteReader(self._path, file)
        self._writer = SqliteWriter(self._path, self._busy_seconds, file)
        try:
            missing = await self.missing_topics(self._topic_names)
            if missing:
                raise _missing(missing, self._path)
            await self.check()
        except BaseException:
            await self.close()
            raise
        self._sweeper = asyncio.create_task(self._sweep_regularly(), name="log-sweeper")

    async def append(self, topic: str, record: Record) -> Position:
        """See ``EventLog.append``."""
        refuse_oversized(record)
        if self._writer is None:
            raise NotKept("the event log is not open")
        now_ms = rows.to_ms(self._now())
        position = await self._submit(lambda c: rows.append(c, topic, record, now_ms))
        # Wakes the readers of this process at once; those of others poll.
        self._appended.set()
        self._appended = asyncio.Event()
        return position

    async def subscribe(self, topic: str, group: str) -> SqliteSubscription:
        """See ``EventLog.subscribe``. From now on retention waits for this group's commits."""
        lock_path(self._path, topic, group)
        found = await self._topic(topic)
        try:
            await self._submit(lambda c: rows.register_group(c, found, group))
        except NotKept:
            raise LogUnavailable("the event log could not note a new group") from None
        if self._writer is None:
            raise LogUnavailable("the event log is not open")
        return SqliteSubscription(
            self._path,
            found,
            group,
            self._readable(),
            self._writer,
            lambda: self._appended,
            self._append_timeout_seconds,
        )

    async def forget_group(self, group: str) -> int:
        """Retention waits for this group no longer; the number of topics that it read.

        Should it come again, it begins at the earliest record.

        Raises:
            NotKept: nothing was changed.
        """
        return await self._submit(lambda c: rows.forget_group(c, group))

    async def scan(
        self, topic: str, start: Mapping[int, int] | None = None
    ) -> AsyncIterator[StoredRecord]:
        """See ``EventLog.scan``."""
        found = await self._topic(topic)
        next_offset = (start or {}).get(rows.PARTITION, 0)
        while chunk := await self._chunk(found, next_offset):
            for stored in chunk:
                yield stored
            next_offset = chunk[-1].position.offset + 1

    async def committed(self, topic: str, group: str) -> Mapping[int, int]:
        """See ``EventLog.committed``."""
        found = await self._topic(topic)
        next_offset = await self._readable().read(lambda c: rows.cursor(c, found, group))
        return {} if next_offset is None else {rows.PARTITION: next_offset}

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        """See ``EventLog.end_offsets``."""
        return {rows.PARTITION: (await self._topic(topic)).next_offset}

    async def create_topics(self, specs: Sequence[TopicSpec]) -> Sequence[str]:
        """See ``EventLog.create_topics``. ``partitions`` is not looked at: there is always one."""
        try:
            return await self._submit(lambda c: rows.add_topics(c, specs))
        except NotKept:
            raise LogUnavailable("the event log could not note new topics") from None

    async def missing_topics(self, names: Sequence[str]) -> Sequence[str]:
        """See ``EventLog.missing_topics``."""
        present = await self._readable().read(rows.topics)
        return [name for name in names if name not in present]

    async def check(self) -> None:
        """See ``EventLog.check``. Commits and syncs one row, as an append would."""
        try:
            now_ms = rows.to_ms(self._now())
            await self._submit(lambda c: rows.beat(c, now_ms))
        except NotKept as fault:
            raise LogUnavailable(str(fault)) from None

    async def sweep(self, now: datetime) -> int:
        """Delete what retention and compaction let go; returns how many records went.

        A record that a registered group has still to read stays, however old it is. Done in short
        transactions between which appends get their turn.

        Raises:
            LogUnavailable: stopped in the middle; the next sweep goes on.
        """
        now_ms, gone = rows.to_ms(now), 0
        try:
            for topic in (await self._readable().read(rows.topics)).values():
                gone += await self._expire(topic, now_ms)
                if topic.compacted:
                    gone += await self._compact(topic)
        except NotKept as fault:
            raise LogUnavailable(str(fault)) from None
        return gone

    async def close(self) -> None:
        """See ``EventLog.close``."""
        sweeper, self._sweeper = self._sweeper, None
        if sweeper is not None:
            sweeper.cancel()
            await asyncio.wait({sweeper})
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        writer, self._writer = self._writer, None
        if writer is not None:
            # The writer closes last: its connection is the one that may empty the WAL.
            await writer.close(_CLOSE_SECONDS)

    async def _submit(self, work: Callable[[apsw.Connection], T]) -> T:
        if self._writer is None:
            raise NotKept("the event log is not open")
        try:
            async with asyncio.timeout(self._append_timeout_seconds):
                return await self._writer.submit(work)
        except TimeoutError:
            raise OutcomeUnknown("the event log's disk did not answer in time") from None

    def _readable(self) -> SqliteReader:
        if self._reader is None:
            raise LogUnavailable("the event log is not open")
        return self._reader

    async def _topic(self, name: str) -> rows.Topic:
        found = (await self._readable().read(rows.topics)).get(name)
        if found is None:
            raise _missing([name], self._path)
        return found

    async def _chunk(self, topic: rows.Topic, start: int) -> list[StoredRecord]:
        return await self._readable().read(
            lambda c: rows.records(c, topic, start, topic.next_offset, _SCAN_ROWS)
        )

    async def _expire(self, topic: rows.Topic, now_ms: int) -> int:
        gone = 0
        while True:
            step, held_back = await self._submit(lambda c: rows.delete_expired(c, topic, now_ms))
            gone += step
            if held_back:
                # A group that is behind, or one that was given up and is still registered.
                log.warning("log.retention_held_back", extra={"topic": topic.name})
            if step < rows.SWEEP_ROWS:
                return gone

    async def _compact(self, topic: rows.Topic) -> int:
        gone = 0
        places = await self._readable().read(lambda c: rows.superseded(c, topic))
        for first in range(0, len(places), rows.SWEEP_ROWS):
            step = places[first : first + rows.SWEEP_ROWS]
            gone += await self._submit(lambda c, step=step: rows.delete_places(c, step))  # type: ignore[misc]
        return gone

    async def _sweep_regularly(self) -> None:
        await asyncio.sleep(_FIRST_SWEEP_SECONDS)
        while True:
            try:
                gone = await self.sweep(self._now())
                log.info("log.swept", extra={"records": gone})
            except GatewayFault as fault:
                log.warning("log.sweep_failed", extra={"error": type(fault).__name__})
            await asyncio.sleep(_SWEEP_SECONDS)


def _missing(names: Sequence[str], path: Path) -> TopicMissing:
    return TopicMissing(
        f"the event log {path} has no topic {', '.join(names)}: run `gateway topics create`"
    )
