"""The embedded log on a disk that is busy, full or broken."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from gateway.errors import LogUnavailable, NotKept, OutcomeUnknown
from gateway.log import Record, TopicSpec
from gateway.log.sqlite import SqliteLog
from tests.gateway.log.conftest import TOPIC
from tests.gateway.log.disk import Disk, watched_disk
from tests.gateway.log.rows import append, values


async def test_another_process_that_keeps_the_lock_means_a_quick_no(
    tmp_path: Path, log: SqliteLog
) -> None:
    other = apsw.Connection(str(tmp_path / "log.db"))
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(NotKept) as refusal:
        await log.append(TOPIC, Record(b"k", b"1"))
    assert not isinstance(refusal.value, OutcomeUnknown)
    with pytest.raises(LogUnavailable):
        await log.check()
    # Twice the busy time of 0.3 s, and room for a busy machine.
    assert time.monotonic() - started < 3.0
    other.execute("ROLLBACK")
    other.close()
    await append(log, TOPIC, b"2")
    assert await values(log, TOPIC) == [b"2"]


async def test_a_short_wait_for_another_process_is_no_failure(
    tmp_path: Path, log: SqliteLog
) -> None:
    other = apsw.Connection(str(tmp_path / "log.db"))
    other.execute("BEGIN IMMEDIATE")
    appending = asyncio.create_task(log.append(TOPIC, Record(b"k", b"1")))
    await asyncio.sleep(0.05)
    assert not appending.done()
    other.execute("COMMIT")
    other.close()
    assert (await appending).offset == 0


@pytest.fixture
async def disk_and_log(tmp_path: Path) -> AsyncIterator[tuple[Disk, SqliteLog]]:
    """A log whose disk can be told to fail."""
    with watched_disk() as disk:
        log = SqliteLog(tmp_path / "log.db")
        await log.open()
        await log.create_topics([TopicSpec(TOPIC, 1, None)])
        await append(log, TOPIC, b"before")
        yield disk, log
        await log.close()


async def test_a_full_disk_keeps_nothing_and_recovers(
    disk_and_log: tuple[Disk, SqliteLog],
) -> None:
    disk, log = disk_and_log
    disk.full = True
    outcomes = await asyncio.gather(
        *(log.append(TOPIC, Record(b"k", b"no room")) for _ in range(20)), return_exceptions=True
    )
    assert {type(each) for each in outcomes} == {NotKept}
    with pytest.raises(LogUnavailable, match="disk space"):
        await log.check()
    assert await values(log, TOPIC) == [b"before"]
    disk.full = False
    await append(log, TOPIC, b"after")
    await log.check()
    assert await values(log, TOPIC) == [b"before", b"after"]


async def test_a_failed_write_is_never_acknowledged(disk_and_log: tuple[Disk, SqliteLog]) -> None:
    disk, log = disk_and_log
    disk.writes_fail = True
    with pytest.raises(NotKept):
        await log.append(TOPIC, Record(b"k", b"lost"))
    disk.writes_fail = False
    await append(log, TOPIC, b"after")
    assert await values(log, TOPIC) == [b"before", b"after"]


async def test_a_failed_sync_leaves_the_outcome_open(disk_and_log: tuple[Disk, SqliteLog]) -> None:
    disk, log = disk_and_log
    disk.syncs_fail = True
    with pytest.raises(OutcomeUnknown):
        await log.append(TOPIC, Record(b"k", b"perhaps"))
    with pytest.raises(LogUnavailable):
        await log.check()
    disk.syncs_fail = False
    await append(log, TOPIC, b"after")
    found = await values(log, TOPIC)
    assert [each for each in found if each != b"perhaps"] == [b"before", b"after"]


async def test_callers_share_a_sync(disk_and_log: tuple[Disk, SqliteLog]) -> None:
    disk, log = disk_and_log
    disk.events.clear()
    await asyncio.gather(*(log.append(TOPIC, Record(b"k", b"%d" % i)) for i in range(200)))
    syncs = sum(type(event).__name__ == "Sync" for event in disk.events)
    # The first caller may get a transaction alone; the others wait for it together.
    assert 1 <= syncs <= 20


async def test_a_caller_that_gave_up_leaves_no_trace_behind(tmp_path: Path, log: SqliteLog) -> None:
    other = apsw.Connection(str(tmp_path / "log.db"))
    other.execute("BEGIN IMMEDIATE")
    first = asyncio.create_task(log.append(TOPIC, Record(b"k", b"waits for the lock")))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(log.append(TOPIC, Record(b"k", b"given up in the queue")))
    await asyncio.sleep(0)
    second.cancel()
    other.execute("ROLLBACK")
    other.close()
    await first
    await asyncio.wait({second})
    assert second.cancelled()
    assert await values(log, TOPIC) == [b"waits for the lock"]


async def test_the_wal_does_not_grow_without_bound(tmp_path: Path, log: SqliteLog) -> None:
    for _ in range(60):
        await asyncio.gather(*(log.append(TOPIC, Record(b"k", bytes(10_000))) for _ in range(40)))
    # 24 MB went through; it was copied back each 4 MiB.
    assert (tmp_path / "log.db-wal").stat().st_size < 16 << 20
