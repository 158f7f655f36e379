"""What the embedded log deletes, and what it waits for before it does."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.log import Record
from gateway.log.sqlite import SqliteLog
from tests.gateway.log.conftest import RECEIPTS, TOPIC, Clock
from tests.gateway.log.rows import append, values

DAY = timedelta(days=1)


async def read_all(log: SqliteLog, topic: str, group: str) -> None:
    """The group takes and commits everything."""
    subscription = await log.subscribe(topic, group)
    taken = await subscription.fetch(1000, 0.2)
    await subscription.commit({0: taken[-1].position.offset + 1})
    await subscription.close()


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
    assert b"a-text-to-be-found" not in (tmp_path / "log.db").read_bytes()
