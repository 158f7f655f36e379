"""What only the embedded log promises: its file, its disk, its deletions."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from gateway.errors import LogUnavailable, NotKept, OutcomeUnknown, TopicMissing
from gateway.log import Record, TopicSpec, sqlite_file
from gateway.log.sqlite import SqliteLog
from tests.gateway.log.disk import Disk, watched_disk

TOPIC = "complaints.accepted.v1"
RECEIPTS = "complaints.entered.v1"
DAY = timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def log(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteLog]:
    """A log that keeps complaints for 30 days and the last receipt of each."""
    made = SqliteLog(tmp_path / "log.db", now=clock, busy_seconds=0.3)
    await made.open()
    specs = [TopicSpec(TOPIC, 1, 30 * 86_400), TopicSpec(RECEIPTS, 1, None, compacted=True)]
    await made.create_topics(specs)
    yield made
    await made.close()


async def append(log: SqliteLog, topic: str, *values: bytes, key: bytes = b"k") -> None:
    for value in values:
        await log.append(topic, Record(key, value))


async def values(log: SqliteLog, topic: str) -> list[bytes]:
    return [each.record.value async for each in log.scan(topic)]


async def read_all(log: SqliteLog, topic: str, group: str) -> None:
    """The group takes and commits everything."""
    subscription = await log.subscribe(topic, group)
    taken = await subscription.fetch(1000, 0.2)
    await subscription.commit({0: taken[-1].position.offset + 1})
    await subscription.close()


# The file


async def test_the_file_is_for_its_owner_only(tmp_path: Path, log: SqliteLog) -> None:
    await append(log, TOPIC, b"1")
    for name in ("log.db", "log.db-wal"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600  # noqa: ASYNC240


async def test_every_writing_connection_syncs_each_commit(tmp_path: Path, log: SqliteLog) -> None:
    connection = sqlite_file.open_writer(tmp_path / "log.db", 1.0)
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("secure_delete") == 1
    connection.close()


async def test_a_reader_cannot_write(tmp_path: Path, log: SqliteLog) -> None:
    connection = sqlite_file.open_reader(tmp_path / "log.db")
    with pytest.raises(apsw.ReadOnlyError):
        connection.execute("DELETE FROM topic")
    connection.close()


async def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = path.read_bytes()  # noqa: ASYNC240
    with pytest.raises(LogUnavailable, match="another program"):
        await SqliteLog(path).open()
    assert path.read_bytes() == before  # noqa: ASYNC240


async def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_text("notes " * 1000)  # noqa: ASYNC240
    with pytest.raises(LogUnavailable, match="NotADBError"):
        await SqliteLog(path).open()
    assert path.read_text() == "notes " * 1000  # noqa: ASYNC240


async def test_a_newer_file_is_refused(tmp_path: Path, log: SqliteLog) -> None:
    await log.close()
    connection = apsw.Connection(str(tmp_path / "log.db"))
    connection.pragma("user_version", connection.pragma("user_version") + 1)
    connection.close()
    with pytest.raises(LogUnavailable, match="newer version"):
        await SqliteLog(tmp_path / "log.db").open()


async def test_no_folder_is_said_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="check that the folder exists"):
        await SqliteLog(tmp_path / "absent" / "log.db").open()


async def test_no_file_is_made_when_topics_are_required(tmp_path: Path) -> None:
    with pytest.raises(TopicMissing, match="gateway topics create"):
        await SqliteLog(tmp_path / "log.db", [TOPIC]).open()
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_a_replaced_file_takes_nothing(tmp_path: Path, log: SqliteLog) -> None:
    await append(log, TOPIC, b"before")
    (tmp_path / "log.db").rename(tmp_path / "moved.db")  # noqa: ASYNC240
    with pytest.raises(NotKept):
        await log.append(TOPIC, Record(b"k", b"into the void"))
    (tmp_path / "log.db").touch()  # noqa: ASYNC240
    with pytest.raises(NotKept, match="replaced"):
        await log.append(TOPIC, Record(b"k", b"into the void"))
    with pytest.raises(LogUnavailable):
        await log.end_offsets(TOPIC)
    with pytest.raises(LogUnavailable):
        await log.check()


async def test_topics_do_not_mix(log: SqliteLog) -> None:
    await append(log, TOPIC, b"a", b"b")
    await append(log, RECEIPTS, b"c")
    assert await values(log, TOPIC) == [b"a", b"b"]
    assert await values(log, RECEIPTS) == [b"c"]
    assert [(await log.end_offsets(each))[0] for each in (TOPIC, RECEIPTS)] == [2, 1]


@pytest.mark.parametrize("group", ["", "a/b", "..\\x", "group\n", "x" * 101])
async def test_a_group_name_must_fit_a_file_name(log: SqliteLog, group: str) -> None:
    with pytest.raises(ValueError, match="names"):
        await log.subscribe(TOPIC, group)


# The disk


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
    assert (tmp_path / "log.db-wal").stat().st_size < 16 << 20  # noqa: ASYNC240


# Deletion


async def test_retention_lets_go_of_what_is_old_and_read(log: SqliteLog, clock: Clock) -> None:
    await append(log, TOPIC, b"old 1", b"old 2")
    clock.now += 20 * DAY
    await append(log, TOPIC, b"young")
    await read_all(log, TOPIC, "deliver")
    assert await log.sweep(clock.now + 9 * DAY) == 0
    assert await log.sweep(clock.now + 11 * DAY) == 2
    assert await values(log, TOPIC) == [b"young"]
    assert (await log.append(TOPIC, Record(b"k", b"next"))).offset == 3


async def test_retention_waits_for_every_registered_group(
    log: SqliteLog, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await append(log, TOPIC, b"1", b"2", b"3")
    await read_all(log, TOPIC, "deliver")
    behind = await log.subscribe(TOPIC, "statistics")
    # Registered, nothing committed: everything is still to be read.
    assert await log.sweep(clock.now + 90 * DAY) == 0
    assert "log.retention_held_back" in [record.message for record in caplog.records]
    await behind.fetch(1, 0.2)
    await behind.commit({0: 1})
    assert await log.sweep(clock.now + 90 * DAY) == 1
    assert await values(log, TOPIC) == [b"2", b"3"]
    await behind.close()


async def test_without_a_group_age_alone_decides(log: SqliteLog, clock: Clock) -> None:
    await append(log, TOPIC, *[b"%d" % i for i in range(2500)])
    assert await log.sweep(clock.now + 31 * DAY) == 2500
    assert await values(log, TOPIC) == []
    assert (await log.append(TOPIC, Record(b"k", b"next"))).offset == 2500


async def test_compaction_keeps_the_last_of_each_key(log: SqliteLog, clock: Clock) -> None:
    await append(log, RECEIPTS, b"a1", b"a2", key=b"a")
    await append(log, RECEIPTS, b"b1", key=b"b")
    await append(log, RECEIPTS, b"a3", key=b"a")
    await append(log, TOPIC, b"same key", b"other topic", key=b"a")
    assert await log.sweep(clock.now + 1000 * DAY) == 2 + 2
    assert await values(log, RECEIPTS) == [b"b1", b"a3"]


async def test_compaction_too_waits_for_every_registered_group(
    log: SqliteLog, clock: Clock
) -> None:
    await append(log, RECEIPTS, b"1", b"2", b"3")
    subscription = await log.subscribe(RECEIPTS, "replies")
    await subscription.fetch(1, 0.2)
    await subscription.commit({0: 1})
    assert await log.sweep(clock.now) == 1
    assert await values(log, RECEIPTS) == [b"2", b"3"]
    assert [each.record.value for each in await subscription.fetch(9, 0.2)] == [b"2", b"3"]
    await subscription.close()


async def test_deleted_text_is_gone_from_the_file(
    tmp_path: Path, log: SqliteLog, clock: Clock
) -> None:
    await append(log, TOPIC, b"a-text-to-be-found " * 400)
    await log.sweep(clock.now + 31 * DAY)
    await log.close()
    assert b"a-text-to-be-found" not in (tmp_path / "log.db").read_bytes()  # noqa: ASYNC240
