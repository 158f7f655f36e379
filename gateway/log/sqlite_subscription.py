"""A member of a consumer group on the embedded log."""

import asyncio
import fcntl
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import apsw

from gateway.errors import LogUnavailable, NotKept
from gateway.log import StoredRecord
from gateway.log.sqlite_reader import SqliteReader
from gateway.log.sqlite_rows import PARTITION, Topic, cursor, records, set_cursor
from gateway.log.sqlite_writer import SqliteWriter

# How soon a record of another process is seen. Each look is one read of shared memory.
_POLL_SECONDS = 0.05
# How soon a standing-by member takes over from one that ended.
_TAKE_OVER_SECONDS = 0.2

_SAFE_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


class SqliteSubscription:
    """Holds the group while it holds an flock on a file beside the log; else it stands by.

    The kernel drops the lock when the process ends in any way, so a dead member is replaced at
    once and a merely slow one never.
    """

    def __init__(
        self,
        path: Path,
        topic: Topic,
        group: str,
        reader: SqliteReader,
        writer: SqliteWriter,
        next_append: Callable[[], asyncio.Event],
        commit_seconds: float,
    ) -> None:
        self._lock_path = lock_path(path, topic.name, group)
        self._topic = topic
        self._group = group
        self._reader = reader
        self._writer = writer
        self._next_append = next_append
        self._commit_seconds = commit_seconds
        self._lock: int | None = None
        self._next_offset = 0
        self._closed = False

    @property
    def exclusive(self) -> bool:
        """Only the holder of the lock gets records."""
        return self._lock is not None

    async def fetch(self, max_records: int, timeout_seconds: float) -> Sequence[StoredRecord]:
        """See ``Subscription.fetch``. A member that stands by gets nothing."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + timeout_seconds
        seen: int | None = None
        while True:
            if self._closed:
                raise LogUnavailable("the subscription is closed")
            appended = self._next_append()
            if not await self._holds():
                pause = _TAKE_OVER_SECONDS
            elif max_records <= 0:
                pause = timeout_seconds
            else:
                pause = _POLL_SECONDS
                version = await self._reader.read(_data_version)
                if version != seen:
                    found = await self._reader.read(self._next_records(max_records))
                    if found:
                        self._next_offset = found[-1].position.offset + 1
                        return found
                    seen = version
            left = give_up_at - loop.time()
            if left <= 0:
                return ()
            try:
                async with asyncio.timeout(min(pause, left)):
                    await appended.wait()
                seen = None
            except TimeoutError:
                continue

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        """See ``Subscription.commit``."""
        next_offset = next_offsets.get(PARTITION)
        if next_offset is None or self._lock is None:
            return
        try:
            async with asyncio.timeout(self._commit_seconds):
                await self._writer.submit(
                    lambda connection: set_cursor(connection, self._topic, self._group, next_offset)
                )
        except (TimeoutError, NotKept):
            raise LogUnavailable("the event log did not confirm the cursor") from None

    async def close(self) -> None:
        """See ``Subscription.close``."""
        self._closed = True
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _holds(self) -> bool:
        """Whether this member has the group's lock now; on taking it, where to go on."""
        if self._lock is not None:
            return True
        try:
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LogUnavailable(
                f"{self._lock_path} cannot be made ({type(error).__name__})"
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Read after the lock was taken: the last holder's commits are all in.
            stored = await self._reader.read(lambda c: cursor(c, self._topic, self._group))
        except BlockingIOError:
            os.close(lock)
            return False
        except BaseException:
            os.close(lock)
            raise
        self._next_offset = stored or 0
        self._lock = lock
        return True

    def _next_records(self, limit: int) -> Callable[[apsw.Connection], list[StoredRecord]]:
        return lambda connection: records(connection, self._topic, self._next_offset, None, limit)


def lock_path(path: Path, topic: str, group: str) -> Path:
    """The file whose lock means "this process has the group". It is never deleted.

    Raises:
        ValueError: a name that cannot stand in a file name.
    """
    if not (_SAFE_NAME.fullmatch(topic) and _SAFE_NAME.fullmatch(group)):
        raise ValueError("topic and group names: letters, digits, '.', '_' and '-' only")
    return path.with_name(f"{path.name}.{topic}.{group}.lock")


def _data_version(connection: apsw.Connection) -> int:
    """Changes when any other connection, of any process, has committed."""
    version: int = connection.pragma("data_version")
    return version
